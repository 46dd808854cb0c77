// What waits. Unfinished rows are above their lane's low-water, so nothing here reads the table below it; the
// low-waters come first, as values, because a plan for an unknown bound would be one for a third of the table.
import { type SQL, sql } from '#db/drizzle.ts';
import { query, queryOne, type Tx } from '#server/lib/index.ts';

export type Backlog = { pending: number; processing: number; oldestPendingAgeSeconds: number | null };
export type LowWater = { lane: number; lowWater: number };

/** Where each lane's unfinished rows begin. */
export const readLowWaters = (tx: Tx): Promise<LowWater[]> =>
  query<LowWater>(tx, sql`select lane, low_water::float8 as "lowWater" from outbox_lanes order by lane`);

/** Rows of `outbox_events e` that may be unfinished. */
export const aboveLowWater = (lanes: readonly LowWater[]): SQL =>
  sql`(${sql.join(
    lanes.map(({ lane, lowWater }) => sql`(e.lane = ${lane} and e.seq > ${lowWater})`),
    sql` or `,
  )})`;

export const backlogStatement = (lanes: readonly LowWater[], tenantId: string): SQL =>
  sql`select count(*) filter (where e.status = 'pending')::int as pending,
      count(*) filter (where e.status = 'processing')::int as processing,
      extract(epoch from clock_timestamp() - min(e.created_at) filter (where e.status = 'pending'))::float8 as "oldestPendingAgeSeconds"
    from outbox_events e
    where ${aboveLowWater(lanes)} and e.status in ('pending', 'processing') and e.tenant_id = ${tenantId}`;

export const backlogByTenantStatement = (lanes: readonly LowWater[]): SQL =>
  sql`select e.tenant_id, count(*) filter (where e.status = 'pending')::int as pending,
      count(*) filter (where e.status = 'processing')::int as processing,
      extract(epoch from clock_timestamp() - min(e.created_at) filter (where e.status = 'pending'))::float8 as oldest
    from outbox_events e where ${aboveLowWater(lanes)} and e.status in ('pending', 'processing') group by e.tenant_id`;

/** What waits of one tenant. Ask for it at most once per poll interval. */
export async function countBacklog(tx: Tx, tenantId: string): Promise<Backlog> {
  return queryOne<Backlog>(tx, backlogStatement(await readLowWaters(tx), tenantId));
}
