// More held events of one key than a claim looks at must hold back that key only, whoever else's events lie behind them.
import { beforeAll, beforeEach, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { query, transaction } from '#server/lib/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { CLAIM_MAX_SCAN } from './config.ts';
import { headStatement } from './head.ts';
import { type EventPublisher, type Hold, type PublishOutcome, publishLane, takeLanes } from './index.ts';
import { lookFrom } from './sight.ts';

const db = await testDatabase();
const LANE = 0;
/** Beyond the last page that begins below the limit. */
const HELD = CLAIM_MAX_SCAN + 6_000;
const tenants: string[] = [];
/** Keys of the lane: two of the first tenant's, one of the second's. */
const keys: string[] = [];
let hold: Hold;

beforeAll(async () => {
  for (const slug of ['acme', 'other']) tenants.push((await createTenant(db.owner, { slug, name: slug })).id);
  for (const [tenant, from] of [
    [tenants[0]!, 1],
    [tenants[0]!, 1_001],
    [tenants[1]!, 2_001],
  ] as const) {
    const [found] = await db.owner<
      { key: string }[]
    >`select 'k' || n as key from generate_series(${from}::int, ${from}::int + 900) n
      where (hashtextextended(${tenant}::uuid::text || ' ' || 'k' || n, 0) & 3) = ${LANE} limit 1`;
    keys.push(found!.key);
  }
});
beforeEach(async () => {
  await db.owner`truncate outbox_events, outbox_counters, tenant_stops`;
  await db.owner`update outbox_lanes set owner = null, lease_until = null, low_water = 0`;
  const holds = await takeLanes(db.worker, { owner: 'one', leaseMs: 60_000, limit: 4, held: [] });
  hold = holds.find(({ lane }) => lane === LANE)!;
  // The first waits for its time, and the others for it.
  await db.owner`insert into testing.events (tenant_id, type, key, payload, available_at)
    select ${tenants[0]!}, 'a.v1', ${keys[0]!}, jsonb_build_object('n', -m), case when m = 1 then now() + interval '1 hour' else now() end
    from generate_series(1, ${HELD}::int) m order by m`;
});

const store = (which: 0 | 1 | 2, n: number, over: Pick<typeof db.owner, 'unsafe'> = db.owner) =>
  over.unsafe(
    `insert into testing.events (tenant_id, type, key, payload) values ($1, 'a.v1', $2, jsonb_build_object('n', $3::int))`,
    [tenants[which === 2 ? 1 : 0]!, keys[which]!, n],
  );

/** Turns until nothing more is said to wait, ten at most; what was sent, in order. */
async function publish(options: { isSweep?: boolean; refuses?: number; batchSize?: number } = {}) {
  const sent: number[] = [];
  const publisher: EventPublisher = {
    backend: 'counting',
    publish: async (events) =>
      events.map(({ payload }): PublishOutcome => {
        const { n } = JSON.parse(payload) as { n: number };
        if (n === options.refuses) return { kind: 'deferred', error: new Error('not now'), delayMs: 3_600_000 };
        sent.push(n);
        return { kind: 'published' };
      }),
    close: async () => {},
  };
  const settings = {
    leaseMs: 60_000,
    maxAttempts: 5,
    batchSize: options.batchSize ?? 5_000,
    signal: new AbortController().signal,
  };
  for (let turn = 0; turn < 10; turn += 1) {
    const isSweep = (options.isSweep ?? false) && turn === 0;
    const { isFull } = await publishLane({ pool: db.worker, publisher }, hold, { ...settings, isSweep });
    if (!isFull) return sent;
  }
  throw new Error('ten turns did not come to an end');
}
const makeDue = () => db.owner`update outbox_events set available_at = now() where available_at > now()`;

it('sends the event behind them at once, each later one in one claim that begins behind them, and them when they are due', async () => {
  await store(1, 1);
  expect(await publish()).toEqual([1]);
  for (let n = 2; n < 5; n += 1) {
    await store(1, n);
    expect(await publish()).toEqual([n]);
  }
  const [first, last] = await transaction(db.worker, {}, async (tx) => {
    const look = lookFrom({ ...hold.progress, cursor: hold.progress.passed?.upTo ?? 0 }, hold.turns);
    const rows = await query<{ lower: number }>(tx, headStatement(LANE, look, 10));
    const [{ at } = { at: 0 }] = await db.owner<{ at: number }[]>`
      select max(seq)::float8 as at from outbox_events where key = ${keys[0]!}`;
    return [rows[0]!.lower, at];
  });
  expect(first).toBeGreaterThanOrEqual(last!);
  await makeDue();
  const sent: number[] = [];
  await expect
    .poll(async () => sent.push(...(await publish({ isSweep: true }))), { timeout: 60_000, interval: 50 })
    .toBe(HELD);
  expect(sent).toEqual(Array.from({ length: HELD }, (_, index) => -1 - index));
});

it('keeps the low-water below them, and the key of an event that is refused behind them in order', async () => {
  await store(1, 1);
  expect(await publish({ refuses: 1 })).toEqual([]);
  await store(1, 2);
  expect(await publish()).toEqual([]);
  for (let n = 0; n < 3; n += 1) expect(await publish({ isSweep: true })).toEqual([]);
  const [{ isBelow } = { isBelow: false }] = await db.owner<{ isBelow: boolean }[]>`select low_water <
    (select min(seq) from outbox_events) as "isBelow" from outbox_lanes where lane = ${LANE}`;
  expect(isBelow).toBe(true);
});

it('finds what commits late behind them before the next event of its key', async () => {
  const late = await db.owner.reserve();
  try {
    await late`begin`;
    await store(1, 1, late);
    await store(2, 5);
    expect(await publish()).toEqual([5]);
    await late`commit`;
    await store(1, 2);
    expect(await publish()).toEqual([1, 2]);
  } finally {
    await late`rollback`;
    late.release();
  }
});

it('sends the events of a tenant that was stopped meanwhile in their order when it is resumed', async () => {
  await store(2, 1);
  await db.owner`insert into tenant_stops (tenant_id, reason, running, holds_publishing, stopped_by)
    values (${tenants[1]!}, 'held', 'leave', true, 'test')`;
  await store(1, 7);
  expect(await publish()).toEqual([7]);
  await db.owner`delete from tenant_stops`;
  await store(2, 2);
  expect(await publish()).toEqual([1, 2]);
});
