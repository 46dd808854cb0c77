// What the tests of claims and marks share: one lane of one tenant, keys that lie in it, and backends that tell what they got.
import type { Pool } from '#db/client.ts';
import type { TestDatabase } from '#db/testing/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { type Hold, takeLanes } from '../lanes.ts';
import type { EventPublisher } from '../publisher.ts';

export const LANE = 0;

/** A tenant and its keys of the lane, in a database of the test's own. */
export async function openLane(db: Pick<TestDatabase, 'owner' | 'worker'>) {
  const { id: tenantId } = await createTenant(db.owner, { slug: 'acme', name: 'Acme' });
  const found = await db.owner<{ key: string }[]>`
    select 'k' || n as key from generate_series(1, 100) n
    where (hashtextextended(${tenantId}::uuid::text || ' ' || 'k' || n, 0) & 3) = ${LANE} order by n`;
  return {
    tenantId,
    keys: found.map(({ key }) => key),
    /** Empties the outbox and takes the lane. */
    async restart(): Promise<Hold> {
      await db.owner`truncate outbox_events, outbox_counters`;
      await db.owner`update outbox_lanes set owner = null, lease_until = null, low_water = 0, claimed_from = 0, claimed_to = 0`;
      return takeLane(db.worker, 'one');
    },
  };
}

/** The lane, for an owner who must get it. */
export async function takeLane(worker: Pool, owner: string): Promise<Hold> {
  const holds = await takeLanes(worker, { owner, leaseMs: 60_000, limit: 4, held: [] });
  const hold = holds.find(({ lane }) => lane === LANE);
  if (!hold) throw new Error(`lane ${LANE} is another's`);
  return hold;
}

/** Takes everything; `before` runs first, with the number of the batch. Events are told by `n` of their payload. */
export function counting(sent: number[], before: (batch: number) => Promise<unknown> = async () => {}): EventPublisher {
  let batches = 0;
  sent.length = 0;
  return {
    backend: 'counting',
    async publish(events) {
      batches += 1;
      await before(batches);
      sent.push(...events.map(({ payload }) => (JSON.parse(payload) as { n: number }).n));
      return events.map(() => ({ kind: 'published' }) as const);
    },
    async close() {},
  };
}
