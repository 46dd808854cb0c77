// One look says which lanes have something to claim, and leaves what a lane knows as a claim would.
import { beforeEach, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { NEWS_MAX_SCAN } from './config.ts';
import { type Hold, lanesWithNews, publishLane } from './index.ts';
import { counting, openLane } from './testing/one-lane.ts';

const db = await testDatabase();
const { tenantId, keys, restart } = await openLane(db);
const [a = '', b = ''] = keys;
let hold: Hold;
let sent: number[] = [];
beforeEach(async () => {
  hold = await restart();
  sent = [];
});

const store = (key: string, n: number, over: Pick<typeof db.owner, 'unsafe'> = db.owner) =>
  over.unsafe(
    `insert into testing.events (tenant_id, type, key, payload) values ($1, 'a.v1', $2, jsonb_build_object('n', $3::int))`,
    [tenantId, key, n],
  );
async function publish(): Promise<number[]> {
  const options = {
    leaseMs: 60_000,
    batchSize: 500,
    maxAttempts: 5,
    isSweep: false,
    signal: AbortSignal.timeout(60_000),
  };
  await publishLane({ pool: db.worker, publisher: counting(sent, async () => {}) }, hold, options);
  return sent;
}
const hasNews = async () => (await lanesWithNews(db.worker, [hold])).has(hold);
const isWaiting = (which: string) =>
  db.owner.unsafe(`update outbox_events set available_at = now() + interval '1 hour' where ${which}`);

it('has none of an empty lane, of one whose events were published, and of other lanes’ events', async () => {
  expect(await hasNews()).toBe(false);
  await store(a, 1);
  expect(await hasNews()).toBe(true);
  expect(await publish()).toEqual([1]);
  expect(await hasNews()).toBe(false);
  await db.owner`insert into testing.events (tenant_id, type, key, payload)
    select ${tenantId}, 'a.v1', 'k' || n, '{"n": 0}' from generate_series(1, 100) n where not ('k' || n = any (${keys}))`;
  expect(await hasNews()).toBe(false);
});

it('tells the lanes that have some from those that have none', async () => {
  const other: Hold = { ...hold, lane: 1 };
  await store(a, 1);
  expect([...(await lanesWithNews(db.worker, [other, hold]))]).toEqual([hold]);
});

it('has none of an event that waits for its time, and some of the one behind it', async () => {
  await store(a, 1);
  await isWaiting('true');
  expect(await publish()).toEqual([]);
  expect(await hasNews()).toBe(false);
  await store(b, 2);
  expect(await hasNews()).toBe(true);
  expect(await publish()).toEqual([2]);
  expect(await hasNews()).toBe(false);
});

it('leaves it to a claim where more wait than it reads', async () => {
  for (let n = 0; n < NEWS_MAX_SCAN; n += 1) await store(a, n);
  await isWaiting('true');
  expect(await hasNews()).toBe(true);
});

it('has some of an event that committed late, though looks came in between, and the claim finds it first', async () => {
  const late = await db.owner.reserve();
  try {
    await late`begin`;
    await store(a, 1, late);
    await store(b, 2);
    expect(await publish()).toEqual([2]);
    for (let look = 0; look < 3; look += 1) {
      expect(await hasNews()).toBe(false);
      // Others begin and end meanwhile.
      await db.owner`select pg_current_xact_id()`;
    }
    await late`commit`;
    expect(await hasNews()).toBe(true);
    await store(a, 3);
    expect(await publish()).toEqual([1, 3]);
    expect(await hasNews()).toBe(false);
  } finally {
    await late`rollback`;
    late.release();
  }
});

it('does not undo what a claim has learned during the look', async () => {
  await store(a, 1);
  expect(await publish()).toEqual([1]);
  const locked = await db.owner.reserve();
  try {
    await locked`begin`;
    await locked`lock table outbox_events in access exclusive mode`;
    const looking = lanesWithNews(db.worker, [hold]);
    const waits = async () =>
      (await db.owner`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)
        .length;
    await expect.poll(waits, { timeout: 30_000, interval: 20 }).toBe(1);
    const claimed = { ...hold.progress };
    hold.progress = claimed;
    await locked`commit`;
    await looking;
    expect(hold.progress).toBe(claimed);
  } finally {
    await locked`rollback`;
    locked.release();
  }
});
