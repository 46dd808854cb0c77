// Whether the drain slows down while a dump or an analyst holds a snapshot, so that dead rows stay.
import type { Pool } from '#db/client.ts';
import { LANES, publishLane, takeLanes } from '#server/outbox/index.ts';
import { nowhere } from './drain-ours.ts';
import { median } from './figures.ts';

const EDGE = 20;

/** The median time of the last 20 batches as a multiple of the first 20's. */
export async function heldSnapshotDecay(owner: Pool, worker: Pool): Promise<number> {
  const mayEnd = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const holder = owner.begin('isolation level repeatable read', async (tx) => {
    await tx`select count(*) from outbox_events`;
    held.resolve();
    await mayEnd.promise;
  });
  await held.promise;
  const lanes = await takeLanes(worker, { owner: 'held', leaseMs: 60_000, limit: LANES, held: [] });
  const times: number[] = [];
  const options = { leaseMs: 60_000, batchSize: 200, maxAttempts: 10, signal: new AbortController().signal };
  // In turn, as the publisher has them at work at once: one after the other would tell the last lane's pages, which the others' dead
  // rows have filled, from the first one's.
  let isSweep = true;
  for (let left = lanes; left.length > 0; isSweep = false) {
    const next: typeof lanes = [];
    for (const lane of left) {
      const startedAt = performance.now();
      const { claimed } = await publishLane({ pool: worker, publisher: nowhere() }, lane, { ...options, isSweep });
      if (claimed === options.batchSize) times.push(performance.now() - startedAt);
      if (claimed > 0) next.push(lane);
    }
    left = next;
  }
  mayEnd.resolve();
  await holder;
  return median(times.slice(-EDGE)) / median(times.slice(0, EDGE));
}
