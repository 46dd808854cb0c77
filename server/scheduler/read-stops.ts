import { sql } from '#db/drizzle.ts';
import { query, type Tx } from '#server/lib/index.ts';

/** Why nothing of a tenant fires: an emergency stop, or the tenant is suspended. */
export type OpenStop = { kind: 'stop' | 'suspension'; stoppedAt: string; reason: string };

/**
 * What is stopped, asked for when something is due. The installation's stop is above every tenant's, and a stop is
 * above a suspension: it holds whatever a pause would keep for later.
 */
export async function readStops(tx: Tx): Promise<(tenantId: string) => OpenStop | null> {
  const rows = await query<OpenStop & { tenantId: string | null }>(
    tx,
    sql`select 'suspension' as kind, tenant_id as "tenantId", suspended_at as "stoppedAt", reason from suspended_tenants()
      union all select 'stop', tenant_id, stopped_at, reason from tenant_stops where resumed_at is null
      union all select 'stop', null, stopped_at, reason from instance_stops where resumed_at is null`,
  );
  const instance = rows.find((row) => row.tenantId === null);
  const byTenant = new Map([...rows].sort(suspensionsFirst).map((row) => [row.tenantId, row]));
  return (tenantId) => instance ?? byTenant.get(tenantId) ?? null;
}

const suspensionsFirst = (a: OpenStop, b: OpenStop) => Number(a.kind === 'stop') - Number(b.kind === 'stop');
