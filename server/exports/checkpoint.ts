import { sql } from 'drizzle-orm';
import type { Pool } from '#db/client.ts';
import { query, queryOne, type Tx, transaction } from '#server/lib/index.ts';
import type { Position } from './batch.ts';
import { DATA_SET } from './config.ts';

/** How far the tenant's export got; at the beginning of time before the first one. */
export function readCheckpoint(pool: Pool, tenantId: string): Promise<Position> {
  return transaction(pool, { tenantId }, async (tx) => {
    await tx.execute(sql`insert into export_checkpoints (tenant_id, data_set) values (${tenantId}, ${DATA_SET})
      on conflict do nothing`);
    return queryOne<Position>(
      tx,
      sql`select tx::text as tx, last_id as id from export_checkpoints
        where tenant_id = ${tenantId} and data_set = ${DATA_SET}`,
    );
  });
}

/**
 * Moves the checkpoint from where this batch began to where it ended.
 * @throws when it stands elsewhere: another export has moved it meanwhile, and its batch counts
 */
export async function moveCheckpoint(
  tx: Tx,
  tenantId: string,
  move: { from: Position; to: Position; rows: number },
): Promise<void> {
  const { from, to, rows } = move;
  const moved = await query(
    tx,
    sql`update export_checkpoints set tx = ${to.tx}::xid8, last_id = ${to.id}::uuid, exported = exported + ${rows},
        updated_at = now()
      where tenant_id = ${tenantId} and data_set = ${DATA_SET} and tx = ${from.tx}::xid8 and last_id = ${from.id}::uuid
      returning 1 as one`,
  );
  if (moved.length === 0) throw new Error('the export’s checkpoint was moved by another export meanwhile');
}

/** Seconds since the oldest row that is not exported yet was recorded; 0 where there is none. */
export async function behindSeconds(pool: Pool, tenantId: string): Promise<number> {
  const rows = await transaction(pool, { tenantId }, (tx) =>
    query<{ seconds: number }>(
      tx,
      sql`select extract(epoch from clock_timestamp() - r.created_at)::float8 as seconds
        from export_checkpoints c join lateral (
          select h.created_at from interaction_history h
          where h.tenant_id = c.tenant_id and (h.tx, h.id) > (c.tx, c.last_id) order by h.tx, h.id limit 1) r on true
        where c.tenant_id = ${tenantId} and c.data_set = ${DATA_SET}`,
    ),
  );
  return Math.max(0, rows[0]?.seconds ?? 0);
}
