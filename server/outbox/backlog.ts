import { sql } from 'drizzle-orm';
import { queryOne, type Tx } from '#server/lib/index.ts';

export type Backlog = { pending: number; processing: number; oldestPendingAgeSeconds: number | null };

/**
 * What waits, of one tenant or of all. Reads each lane from its low-water on, never the whole table; ask for it at
 * most once per poll interval.
 */
export function countBacklog(tx: Tx, tenantId: string | null): Promise<Backlog> {
  return queryOne<Backlog>(
    tx,
    sql`select count(*) filter (where e.status = 'pending')::int as pending,
        count(*) filter (where e.status = 'processing')::int as processing,
        extract(epoch from clock_timestamp() - min(e.created_at) filter (where e.status = 'pending'))::float8 as "oldestPendingAgeSeconds"
      from outbox_lanes l join outbox_events e on e.lane = l.lane and e.seq > l.low_water
      where e.status in ('pending', 'processing') ${tenantId === null ? sql`` : sql`and e.tenant_id = ${tenantId}`}`,
  );
}
