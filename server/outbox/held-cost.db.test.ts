// However much was published behind an event that waits, or above a low-water that cannot follow: every statement ends in time.
import { beforeEach, expect, it } from 'vitest';
import type { Pool } from '#db/client.ts';
import { passHorizon, testDatabase } from '#db/testing/index.ts';
import { claimEvents } from './claim.ts';
import { MAX_FOLLOW_STEPS, MAX_WALK } from './config.ts';
import { followStatement } from './follow.ts';
import { headStatement } from './head.ts';
import { type Hold, lanesWithNews, publishLane } from './index.ts';
import { releaseStatement } from './lanes.ts';
import { newsStatement } from './news.ts';
import { lookFrom } from './sight.ts';
import { placeBehind } from './states.ts';
import { turnStatement } from './take-turn.ts';
import { counting, LANE, openLane, takeLane } from './testing/one-lane.ts';
import { costIn } from './testing/statement-cost.ts';

const db = await testDatabase();
const { tenantId, keys, restart } = await openLane(db);
const [a = '', b = '', c = ''] = keys;
const cost = costIn(db.worker);
/** Of what MAX_WALK places hold, with as much again for a machine that packs its pages otherwise. */
const FEW_BLOCKS = 6_000;
let hold: Hold;
const sent: number[] = [];
beforeEach(async () => {
  hold = await restart();
});

const store = (key: string, n: number) => db.owner`insert into testing.events (tenant_id, type, key, payload)
  values (${tenantId}, 'a.v1', ${key}, jsonb_build_object('n', ${n}::int))`;
const storePublished = (rows: number) => db.owner`insert into testing.events (tenant_id, type, key, payload, status)
  select ${tenantId}, 'a.v1', ${c}, '{"n": 0}', 'published' from generate_series(1, ${rows}::int)`;
const options = { leaseMs: 60_000, maxAttempts: 5, batchSize: 500, signal: new AbortController().signal };
/** Turns until nothing more is said to wait; what was sent, in order. The first one sweeps, or none does. */
async function publish(isSweep = false): Promise<number[]> {
  const all: number[] = [];
  for (let turn = 0; turn < 50; turn += 1) {
    const publisher = counting(sent);
    const { isFull } = await publishLane({ pool: db.worker, publisher }, hold, {
      ...options,
      isSweep: isSweep && turn === 0,
    });
    all.push(...sent);
    if (!isFull) return all;
  }
  throw new Error('fifty turns did not come to an end');
}
const isWaiting = (n: number) => db.owner`update outbox_events set available_at = now() + interval '1 hour'
  where payload ->> 'n' = ${String(n)}`;
const look = () => lookFrom({ ...hold.progress, cursor: placeBehind(hold.progress) }, hold.turns);
const lowWater = async () =>
  (await db.owner<{ at: number }[]>`select low_water::float8 as at from outbox_lanes where lane = ${LANE}`)[0]!.at;
const top = async () => (await db.owner<{ at: number }[]>`select max(seq)::float8 as at from outbox_events`)[0]!.at;

it('one event that waits costs the claims behind it nothing, and comes out in its key’s order when it is due', async () => {
  await store(a, 1);
  await isWaiting(1);
  await store(a, 2);
  await storePublished(30_000);
  await store(b, 3);
  // Wherever a claim begins, it goes over so many places only.
  expect(await cost(headStatement(LANE, lookFrom(hold.progress, hold.turns), 501))).toBeLessThan(FEW_BLOCKS);
  expect(await publish()).toEqual([3]);
  // A transaction of some other test that was open all the while would lead the looks back to where it began.
  await passHorizon(db.owner);
  await store(b, 4);
  expect((await lanesWithNews(db.worker, [hold])).has(hold)).toBe(true);
  expect(await publish()).toEqual([4]);
  expect((await lanesWithNews(db.worker, [hold])).has(hold)).toBe(false);
  expect(await cost(headStatement(LANE, look(), 501))).toBeLessThan(100);
  expect(await cost(newsStatement([hold]))).toBeLessThan(100);
  // No turn is tried, which would begin with the one that waits.
  const asked: (string | symbol)[] = [];
  const pool = new Proxy(db.worker, {
    get(target, name) {
      if (name === 'begin' || name === 'unsafe') asked.push(name);
      return Reflect.get(target, name) as unknown;
    },
  }) satisfies Pool;
  expect((await claimEvents(pool, hold, { ...options, isSweep: false })).events).toEqual([]);
  expect(asked).toEqual(['begin']);
  await store(a, 5);
  await store(b, 6);
  expect(await publish()).toEqual([6]);
  await db.owner`update outbox_events set available_at = now()`;
  const late: number[] = [];
  await expect.poll(async () => late.push(...(await publish(true))), { timeout: 60_000, interval: 50 }).toBe(3);
  expect(late).toEqual([1, 2, 5]);
  await store(a, 7);
  expect(await publish()).toEqual([7]);
  expect(hold.progress.passed).toBeNull();
});

it('a low-water that an open transaction holds lets the lane publish, be swept and taken over in statements that go over so much', async () => {
  const pin = await db.owner.reserve();
  try {
    await pin`begin`;
    await pin`select pg_current_xact_id()`;
    await store(b, 1);
    expect(await publish()).toEqual([1]);
    for (let n = 0; n < 3; n += 1) expect(await publish(true)).toEqual([]);
    const held = await lowWater();
    await storePublished(60_000);
    await store(a, 2);
    expect(await publish(true)).toEqual([2]);
    expect(await publish(true)).toEqual([]);
    expect(await lowWater()).toBe(held);
    const last = await top();
    expect(hold.progress.cursor).toBe(last);

    await db.owner`update outbox_events set status = 'processing', claim_token = ${hold.token} where payload ->> 'n' = '2'`;
    await db.owner`update outbox_lanes set lease_until = now() - interval '1 second'`;
    const token = hold.token;
    const claiming = { leaseMs: 60_000, batchSize: 500, sent: null };
    for (const from of [held, held + MAX_WALK]) {
      expect(await cost(releaseStatement({ lane: LANE, from, claimedTo: last, token }))).toBeLessThan(FEW_BLOCKS);
      expect(await cost(followStatement(LANE, { from, target: last }))).toBeLessThan(FEW_BLOCKS);
      const atFrom = { newer: from, open: [] };
      expect(await cost(headStatement(LANE, atFrom, 501))).toBeLessThan(FEW_BLOCKS);
      expect(await cost(turnStatement(hold, atFrom, claiming))).toBeLessThan(FEW_BLOCKS);
    }
    hold = await takeLane(db.worker, 'two');
    expect(await publish(true)).toEqual([2]);
    await store(a, 3);
    expect(await publish()).toEqual([3]);
    await publish(true);
    expect(await lowWater()).toBe(held);
  } finally {
    await pin`rollback`;
    pin.release();
  }
  await expect.poll(() => publish(true).then(lowWater), { timeout: 60_000, interval: 20 }).toBe(await top());
});

it('a sweep that may not go over all there is lets the low-water follow to where it came, and the next one goes on', async () => {
  await storePublished(12 * MAX_WALK);
  await publish(true);
  const last = await top();
  const places = [await lowWater()];
  await expect
    .poll(
      async () => {
        await publish(true);
        const at = await lowWater();
        if (at > places.at(-1)!) places.push(at);
        return at;
      },
      { timeout: 60_000, interval: 20 },
    )
    .toBe(last);
  const ways = places.slice(1).map((place, index) => place - places[index]!);
  expect(Math.max(...ways)).toBe(MAX_FOLLOW_STEPS * MAX_WALK);
});
