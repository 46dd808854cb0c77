// How far a data set of a tenant has been exported, and what the batch that is under way goes up to.
import { sql } from '#db/drizzle.ts';
import { query, queryOne, type Tx } from '#server/lib/index.ts';
import type { BatchLimits, Position, Range } from './batch.ts';
import { PLAN_ROWS } from './config.ts';
import { type DataSet, tableOf } from './data-set.ts';

/** `hasMore`: it may not be the last that there is now. */
export type Plan = Range & { hasMore: boolean };

/**
 * Where the next batch begins and ends; null when nothing new has been committed. What is planned stays until the
 * checkpoint has moved over it, whoever comes: files that are named by their beginning then have one content. Only the
 * holder of the job's lease may plan, so fence the transaction first.
 *
 * Ids and recording times are no order of commits: a transaction that began earlier can commit later. Rows are ordered
 * by (tx, id), and only those count whose transactions can have no unfinished neighbours before them; so a range that
 * was planned once holds the same rows for ever, but for those that a purge takes.
 */
export async function planBatch(tx: Tx, tenantId: string, set: DataSet, limits: BatchLimits): Promise<Plan | null> {
  await tx.execute(sql`insert into export_checkpoints (tenant_id, data_set) values (${tenantId}, ${set.name})
    on conflict do nothing`);
  const at = await queryOne<Position & { plannedTx: string | null; plannedId: string | null }>(
    tx,
    sql`select tx::text as tx, last_id as id, case when isAhead then planned_tx::text end as "plannedTx",
        case when isAhead then planned_id end as "plannedId"
      from (select *, coalesce((planned_tx, planned_id) > (tx, last_id), false) as isAhead from export_checkpoints
        where tenant_id = ${tenantId} and data_set = ${set.name} for update) c`,
  );
  const from = { tx: at.tx, id: at.id };
  if (at.plannedTx !== null && at.plannedId !== null)
    return { from, to: { tx: at.plannedTx, id: at.plannedId }, hasMore: true };
  const end = await findEnd(tx, tenantId, set, { from, limits });
  if (!end) return null;
  await tx.execute(sql`update export_checkpoints set planned_tx = ${end.to.tx}::xid8, planned_id = ${end.to.id}::uuid
    where tenant_id = ${tenantId} and data_set = ${set.name}`);
  return { from, ...end };
}

/**
 * The last row of a batch: the one that reaches a limit, or the last there is; null where there is none. Sizes are asked
 * for page after page and no further than the limit: to know how long a context is as text, PostgreSQL has to fetch and
 * unpack it, which for a whole batch of large ones could take longer than the transaction may.
 */
async function findEnd(
  tx: Tx,
  tenantId: string,
  set: DataSet,
  { from, limits }: { from: Position; limits: BatchLimits },
): Promise<Omit<Plan, 'from'> | null> {
  let to = from;
  let [rows, bytes] = [0, 0];
  const isFull = () => rows >= limits.rows || bytes >= limits.bytes;
  while (!isFull()) {
    const wanted = Math.min(PLAN_ROWS, limits.rows - rows);
    // Each page has its own snapshot: a later one may see more, but never before a place that an earlier one could see.
    const page = await query<Position & { size: number }>(
      tx,
      sql`select r.tx::text as tx, r.id, (${set.size})::float8 as size from ${tableOf(set)} r
        where r.tenant_id = ${tenantId} and (r.tx, r.id) > (${to.tx}::xid8, ${to.id}::uuid)
          and r.tx < pg_snapshot_xmin(pg_current_snapshot())
        order by r.tx, r.id limit ${wanted}`,
    );
    for (const { size, ...position } of page) {
      if (isFull()) break;
      to = position;
      rows += 1;
      bytes += size;
    }
    if (page.length < wanted) break;
  }
  return rows === 0 ? null : { to, hasMore: isFull() };
}

/**
 * Moves the checkpoint over the range that was planned.
 * @throws when it stands elsewhere: another export has moved it meanwhile, and its batch counts
 */
export async function moveCheckpoint(
  tx: Tx,
  tenantId: string,
  set: DataSet,
  { from, to, rows }: Range & { rows: number },
): Promise<void> {
  const moved = await query(
    tx,
    sql`update export_checkpoints set tx = ${to.tx}::xid8, last_id = ${to.id}::uuid, exported = exported + ${rows},
        planned_tx = null, planned_id = null, updated_at = now()
      where tenant_id = ${tenantId} and data_set = ${set.name} and tx = ${from.tx}::xid8 and last_id = ${from.id}::uuid
      returning 1 as one`,
  );
  if (moved.length === 0) throw new Error('the export’s checkpoint was moved by another export meanwhile');
}
