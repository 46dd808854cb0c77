// Whoever takes a lane over gives back what was claimed there, and goes over that and no more.
import { beforeEach, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { claimEvents } from './claim.ts';
import { MAX_WALK } from './config.ts';
import { type Hold, publishLane, returnLanes } from './index.ts';
import { releaseStatement } from './lanes.ts';
import { counting, LANE, openLane, takeLane } from './testing/one-lane.ts';
import { costIn } from './testing/statement-cost.ts';

const db = await testDatabase();
const { tenantId, keys, restart } = await openLane(db);
const [a = '', b = ''] = keys;
let hold: Hold;
beforeEach(async () => {
  hold = await restart();
});

const store = (...of: string[]) => db.owner`insert into testing.events (tenant_id, type, key, payload)
  select ${tenantId}, 'a.v1', key, jsonb_build_object('n', n) from unnest(${of}::text[]) with ordinality as given(key, n) order by n`;
const claim = (batchSize: number, isSweep = false) =>
  claimEvents(db.worker, hold, { leaseMs: 60_000, batchSize, isSweep });
const statuses = async () =>
  (await db.owner<{ status: string }[]>`select status from outbox_events order by seq`).map(({ status }) => status);
const claimed = async () =>
  (
    await db.owner<{ from: number; to: number }[]>`select claimed_from::float8 as from, claimed_to::float8 as to
    from outbox_lanes where lane = ${LANE}`
  )[0]!;
const lastClaimed = async () =>
  (await db.owner<{ at: number }[]>`select max(seq)::float8 as at from outbox_events where status = 'processing'`)[0]!
    .at;

it.each([
  { way: 'in a turn', isSweep: false, waits: false },
  { way: 'by choice', isSweep: false, waits: true },
  { way: 'in a sweep', isSweep: true, waits: false },
])('gives back what was claimed $way', async ({ isSweep, waits }) => {
  await store(a, b, b, b);
  if (waits) await db.owner`update outbox_events set available_at = now() + interval '1 hour' where key = ${a}`;
  const { events } = await claim(2, isSweep);
  expect(events).toHaveLength(2);
  const { from, to } = await claimed();
  expect([from < events[0]!.seq, to >= events[1]!.seq]).toEqual([true, true]);
  await db.owner`update outbox_lanes set lease_until = now() - interval '1 second'`;
  await takeLane(db.worker, 'two');
  expect(await statuses()).toEqual(['pending', 'pending', 'pending', 'pending']);
});

it('gives back what its owner claimed when that returns the lane, and remembers where that was', async () => {
  await store(a, b, a);
  await claim(2);
  const before = await claimed();
  await returnLanes(db.worker, [hold]);
  expect(await statuses()).toEqual(['pending', 'pending', 'pending']);
  expect(await claimed()).toEqual(before);
});

it('goes over what was claimed and not over what waits behind it', async () => {
  await store(a, b);
  await claim(1);
  await db.owner`insert into testing.events (tenant_id, type, key, payload)
    select ${tenantId}, 'a.v1', ${b}, '{}' from generate_series(1, ${3 * MAX_WALK})`;
  const cost = costIn(db.worker);
  const released = (to: number) => cost(releaseStatement({ lane: LANE, from: 0, claimedTo: to, token: hold.token }));
  // Blocks: one walk is what a statement goes over at most; what was claimed is within a walk of the cursor.
  const last = await lastClaimed();
  expect(await released(last)).toBeLessThan((await released(last + 3 * MAX_WALK)) / 10);
  expect((await claimed()).to - last).toBeLessThanOrEqual(MAX_WALK);
});

it.each([
  { way: 'in turns', waits: false },
  { way: 'by choice, behind one that waits', waits: true },
])('goes over one walk, however much was published $way since the low-water moved', async ({ waits }) => {
  await store(a);
  if (waits) await db.owner`update outbox_events set available_at = now() + interval '1 day'`;
  const options = {
    leaseMs: 60_000,
    batchSize: 500,
    maxAttempts: 5,
    isSweep: false,
    signal: new AbortController().signal,
  };
  const sent: number[] = [];
  for (let n = 0; n < 5; n += 1) {
    // The other lanes' events take places too.
    await db.owner`select setval('outbox_events_seq_seq', nextval('outbox_events_seq_seq') + 15000)`;
    await store(b);
    await publishLane({ pool: db.worker, publisher: counting(sent) }, hold, options);
  }
  await store(b, b);
  expect((await claim(500)).events).toHaveLength(2);
  const { from, to } = await claimed();
  const [start] = await db.owner<{ at: number }[]>`select min(seq)::float8 as at from outbox_events`;
  expect(from).toBeGreaterThan(start!.at + 2 * MAX_WALK);
  expect(to - from).toBeLessThanOrEqual(MAX_WALK);
  await db.owner`update outbox_lanes set lease_until = now() - interval '1 second'`;
  await takeLane(db.worker, 'two');
  const first = waits ? 'pending' : 'published';
  expect(await statuses()).toEqual([first, ...Array(5).fill('published'), 'pending', 'pending']);
});
