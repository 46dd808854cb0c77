import { sql } from '#db/drizzle.ts';
import type { Tx } from '#server/lib/index.ts';

/**
 * Names another tenant for the rest of the transaction. Only for loops over the queue, which the worker sees as a
 * whole while the rows of a run's history show only to their tenant.
 */
export async function switchTenant(tx: Tx, tenantId: string): Promise<void> {
  await tx.execute(sql`select set_config('mainspring.tenant_id', ${tenantId}, true)`);
}

/** Calls `fn` for each tenant's rows, with that tenant named. */
export async function perTenant<T extends { tenantId: string }>(
  tx: Tx,
  rows: readonly T[],
  fn: (rows: T[], tenantId: string) => Promise<void>,
): Promise<void> {
  for (const [tenantId, own] of Map.groupBy(rows, (row) => row.tenantId)) {
    await switchTenant(tx, tenantId);
    await fn(own, tenantId);
  }
}
