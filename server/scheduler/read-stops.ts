import { sql } from 'drizzle-orm';
import { query, type Tx } from '#server/lib/index.ts';

export type OpenStop = { stoppedAt: string; reason: string };

/** The open emergency stops, asked for when something is due: the installation's is above every tenant's. */
export async function readStops(tx: Tx): Promise<(tenantId: string) => OpenStop | null> {
  const rows = await query<OpenStop & { tenantId: string | null }>(
    tx,
    sql`select null as "tenantId", stopped_at as "stoppedAt", reason from instance_stops where resumed_at is null
      union all select tenant_id, stopped_at, reason from tenant_stops where resumed_at is null`,
  );
  const instance = rows.find((row) => row.tenantId === null);
  const byTenant = new Map(rows.map((row) => [row.tenantId, row]));
  return (tenantId) => instance ?? byTenant.get(tenantId) ?? null;
}
