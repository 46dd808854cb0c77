// Whoever takes a lane over gives back what was claimed there, and goes over that and no more.
import { beforeEach, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { claimEvents } from './claim.ts';
import { MAX_WALK } from './config.ts';
import { type Hold, returnLanes } from './index.ts';
import { releaseStatement } from './lanes.ts';
import { LANE, openLane, takeLane } from './testing/one-lane.ts';
import { costIn } from './testing/statement-cost.ts';

const db = await testDatabase();
const { tenantId, keys, restart } = await openLane(db);
const [a = '', b = ''] = keys;
let hold: Hold;
beforeEach(async () => {
  hold = await restart();
});

const store = (...of: string[]) => db.owner`insert into outbox_events (tenant_id, type, key, payload)
  select ${tenantId}, 'a.v1', key, jsonb_build_object('n', n) from unnest(${of}::text[]) with ordinality as given(key, n) order by n`;
const claim = (batchSize: number, isSweep = false) =>
  claimEvents(db.worker, hold, { leaseMs: 60_000, batchSize, isSweep });
const statuses = async () =>
  (await db.owner<{ status: string }[]>`select status from outbox_events order by seq`).map(({ status }) => status);
const claimedTo = async () =>
  (await db.owner<{ at: number }[]>`select claimed_to::float8 as at from outbox_lanes where lane = ${LANE}`)[0]!.at;
const lastClaimed = async () =>
  (await db.owner<{ at: number }[]>`select max(seq)::float8 as at from outbox_events where status = 'processing'`)[0]!
    .at;

it.each([
  { way: 'as a stretch', isSweep: false, waits: false },
  { way: 'by choice', isSweep: false, waits: true },
  { way: 'in a sweep', isSweep: true, waits: false },
])('gives back what was claimed $way', async ({ isSweep, waits }) => {
  await store(a, b, b, b);
  if (waits) await db.owner`update outbox_events set available_at = now() + interval '1 hour' where key = ${a}`;
  const { events } = await claim(2, isSweep);
  expect(events).toHaveLength(2);
  expect(await claimedTo()).toBeGreaterThanOrEqual(await lastClaimed());
  await db.owner`update outbox_lanes set lease_until = now() - interval '1 second'`;
  await takeLane(db.worker, 'two');
  expect(await statuses()).toEqual(['pending', 'pending', 'pending', 'pending']);
});

it('gives back what its owner claimed when that returns the lane, and remembers how far that was', async () => {
  await store(a, b, a);
  await claim(2);
  const before = await claimedTo();
  await returnLanes(db.worker, [hold]);
  expect(await statuses()).toEqual(['pending', 'pending', 'pending']);
  expect(await claimedTo()).toBe(before);
});

it('goes over what was claimed and not over what waits behind it', async () => {
  await store(a, b);
  await claim(1);
  await db.owner`insert into outbox_events (tenant_id, type, key, payload)
    select ${tenantId}, 'a.v1', ${b}, '{}' from generate_series(1, ${3 * MAX_WALK})`;
  const cost = costIn(db.worker);
  const released = (to: number) => cost(releaseStatement({ lane: LANE, from: 0, claimedTo: to, token: hold.token }));
  // Blocks: one walk is what a statement goes over at most; what was claimed is within a walk of the cursor.
  const last = await lastClaimed();
  expect(await released(last)).toBeLessThan((await released(last + 3 * MAX_WALK)) / 10);
  expect((await claimedTo()) - last).toBeLessThanOrEqual(MAX_WALK);
});
