// Whether work is stopped, for a tenant or for the whole installation. Scheduler, claim and publisher read the same
// tables in their own statements; here is what people and requests are told.
import { sql } from '#db/drizzle.ts';
import type { STOP_RUNNING } from '#db/schema/index.ts';
import { query, ServiceError, type Tx } from '#server/lib/index.ts';

export type Stop = {
  reason: string;
  running: (typeof STOP_RUNNING)[number];
  holdsPublishing: boolean;
  stoppedBy: string;
  stoppedAt: string;
};
export type StopState = { tenant: Stop | null; instance: Stop | null };

/** The open stops that hold for the tenant. The transaction must be the tenant's. */
export async function findStops(tx: Tx, tenantId: string): Promise<StopState> {
  const columns = sql`reason, running, holds_publishing as "holdsPublishing", stopped_by as "stoppedBy",
    to_char(stopped_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "stoppedAt"`;
  const rows = await query<Stop & { whose: 'tenant' | 'instance' }>(
    tx,
    sql`select 'tenant' as whose, ${columns} from tenant_stops where tenant_id = ${tenantId} and resumed_at is null
      union all select 'instance', ${columns} from instance_stops where resumed_at is null`,
  );
  const state: StopState = { tenant: null, instance: null };
  for (const { whose, ...stop } of rows) state[whose] = stop;
  return state;
}

/** @throws ServiceError WORK_STOPPED with the reason */
export async function requireNotStopped(tx: Tx, tenantId: string): Promise<void> {
  const { tenant, instance } = await findStops(tx, tenantId);
  const stop = instance ?? tenant;
  if (!stop) return;
  const whose = instance ? 'this installation' : 'this tenant';
  throw new ServiceError(
    'WORK_STOPPED',
    `all work of ${whose} was stopped by ${stop.stoppedBy} at ${stop.stoppedAt}: ${stop.reason}`,
    { whose: instance ? 'instance' : 'tenant', stoppedAt: stop.stoppedAt, reason: stop.reason },
  );
}
