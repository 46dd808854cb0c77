import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { query, transaction } from '#server/lib/index.ts';
import { switchTenant } from './switch-tenant.ts';

/** All tenants, for the worker's sweeps; suspended ones too, whose files must still come to rest. */
export function listQueueTenants(pool: Pool): Promise<{ id: string; slug: string }[]> {
  return transaction(pool, {}, async (tx) => {
    const ids = await query<{ id: string }>(tx, sql`select tenant_id as id from queue_tenants() order by 1`);
    const tenants: { id: string; slug: string }[] = [];
    for (const { id } of ids) {
      await switchTenant(tx, id);
      tenants.push(
        ...(await query<{ id: string; slug: string }>(tx, sql`select id, slug from tenants where id = ${id}`)),
      );
    }
    return tenants;
  });
}
