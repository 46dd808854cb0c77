// Each lane of a publisher goes on by itself, and those with nothing to do cost the database almost nothing.
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openPool, type Pool } from '#db/client.ts';
import { testDatabase } from '#db/testing/index.ts';
import { createLogger, transaction } from '#server/lib/index.ts';
import { appendEvent, type EventPublisher, type PublishOutcome, wakePublishers } from '#server/outbox/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { createPublisherLoop, type PublisherLoop } from './publisher-loop.ts';
import { PUBLISHER_CONNECTIONS } from './publisher-pools.ts';

const db = await testDatabase();
/** Longer than any test: what happens earlier was not the poll's doing. */
const LONG_MS = 600_000;
const SOON = { timeout: 60_000, interval: 5 };
let tenantId: string;
/** A key of each lane. */
const keys: string[] = [];

beforeAll(async () => {
  tenantId = (await createTenant(db.owner, { slug: 'acme', name: 'Acme' })).id;
  const found = await db.owner<{ key: string }[]>`
    select min('k' || n) as key from generate_series(1, 100) n,
      lateral (select hashtextextended(${tenantId}::uuid::text || ' ' || 'k' || n, 0) & 3 as lane) l
    group by lane order by lane`;
  for (const { key } of found) keys.push(key);
});
let loop: PublisherLoop | null = null;
beforeEach(async () => {
  await db.owner`truncate outbox_events, outbox_counters, outbox_publishers`;
  await db.owner`update outbox_lanes set owner = null, lease_until = null, low_water = 0`;
});
afterEach(async () => {
  await loop?.stop();
  loop = null;
});

type Events = Parameters<EventPublisher['publish']>[0];
const published = (events: Events): PublishOutcome[] => events.map(() => ({ kind: 'published' }));

async function start(
  publish: EventPublisher['publish'],
  settings: { pollMs?: number; batchSize?: number; openPool?: () => Pool } = {},
): Promise<void> {
  loop = createPublisherLoop({
    openPool: () => openPool({ url: db.workerUrl, max: PUBLISHER_CONNECTIONS, applicationName: 'test' }),
    ...{ log: createLogger({ level: 'silent', tier: 'test' }), name: 'one', batchSize: 10, maxAttempts: 1_000 },
    ...{ pollMs: LONG_MS, leaseMs: LONG_MS, drainMs: 100, backoffMaxMs: LONG_MS, livenessFile: null },
    ...{ onGivingUp: () => {}, publisher: { backend: 'test', publish, close: async () => {} } },
    ...settings,
  });
  loop.start();
  // Every lane has looked once, and waits.
  await expect.poll(() => loop?.lastTurnAt() ?? null, SOON).not.toBeNull();
}
const append = (lane: number, n: number) =>
  transaction(db.app, { tenantId }, (tx) =>
    appendEvent(tx, { tenantId, type: 't.v1', key: keys[lane] ?? '', payload: { n } }),
  );

it('keeps both status changes of an event heap-only for nine events in ten, with all lanes at work at once', async () => {
  const EVENTS = 12_000;
  // Counted when the sessions have ended.
  const read = async () => {
    await db.owner`select pg_stat_force_next_flush()`;
    const [row] = await db.owner<{ updates: number; hot: number }[]>`
      select sum(n_tup_upd)::int as updates, sum(n_tup_hot_upd)::int as hot from pg_stat_user_tables
      where relname like 'outbox_events%'`;
    return row!;
  };
  const marked = async () =>
    (await db.owner<{ n: number }[]>`select coalesce(sum(published), 0)::int as n from outbox_counters`)[0]?.n;
  const shares: number[] = [];
  const sizes: number[] = [];
  // A lane whose turn stands still on a busy machine keeps the others' old rows for so long: the best of three.
  for (let round = 1; round <= 3 && Math.max(0, ...shares) < 0.9; round += 1) {
    await db.owner`insert into testing.events (tenant_id, type, key, payload)
      select ${tenantId}, 't.v1', 'k' || n, jsonb_build_object('n', n, 'filler', repeat('x', 200)) from generate_series(1, ${EVENTS}) n`;
    const before = await read();
    const batchSize = 500;
    await start(
      async (events) => {
        sizes.push(events.length);
        return published(events);
      },
      { batchSize },
    );
    await expect.poll(marked, SOON).toBe(round * EVENTS);
    await loop?.stop();
    await expect.poll(async () => (await read()).updates - before.updates, SOON).toBeGreaterThanOrEqual(2 * EVENTS);
    const after = await read();
    shares.push((after.hot - before.hot) / (after.updates - before.updates));
  }
  expect(Math.max(...shares)).toBeGreaterThanOrEqual(0.9);
  // Nor did that need small claims.
  expect(Math.max(...sizes)).toBeGreaterThan(500);
});

describe('a lane', () => {
  const never = new Promise<never>(() => {});
  const BAD: Record<string, (events: Events) => Promise<PublishOutcome[]>> = {
    'that fails again and again holds up no other': () => Promise.reject(new Error('not this one')),
    'that hangs, as its receiver does holds up no other': () => never,
    'that is told to come later holds up no other': async (events) =>
      events.map(() => ({ kind: 'deferred', error: new Error('too many'), delayMs: LONG_MS })),
  };
  it.each(Object.keys(BAD))(
    'that %s holds up no other',
    async (how) => {
      let badCalls = 0;
      const seen: string[] = [];
      await start(async (events, { lane }) => {
        if (lane === 0) {
          badCalls += 1;
          return (await BAD[how]?.(events)) ?? [];
        }
        seen.push(...events.map(({ id }) => id));
        return published(events);
      });
      await append(0, 0);
      await expect.poll(() => badCalls, SOON).toBeGreaterThan(0);
      const made: string[] = [];
      for (let n = 0; n < 30; n += 1) {
        await append(0, 1 + n);
        made.push((await append(1 + (n % 3), n)).eventId);
        // One after the other: each of them would have waited for the bad one.
        await expect.poll(() => seen.length, SOON).toBe(made.length);
      }
      expect(seen).toEqual(made);
    },
    120_000,
  );
});

describe('a publisher with nothing to do', () => {
  /** A pool that counts what is sent over it: transactions, and statements by themselves. */
  function counting() {
    let begun = 0;
    const open = (): Pool =>
      new Proxy(openPool({ url: db.workerUrl, max: PUBLISHER_CONNECTIONS, applicationName: 'test' }), {
        get(pool, name) {
          if (name === 'begin' || name === 'unsafe') begun += 1;
          return Reflect.get(pool, name) as unknown;
        },
      });
    return { openPool: open, begun: () => begun };
  }
  const lanesNow = async () => [
    ...(await db.owner`select lane, lease_until::text, xmin::text from outbox_lanes order by lane`),
  ];

  it('looks once for all lanes when it is woken, however often, and claims nothing', async () => {
    const pool = counting();
    await start(async (events) => published(events), pool);
    const [before, begunBefore] = [await lanesNow(), pool.begun()];
    const WAKES = 1_000;
    for (let n = 0; n < WAKES; n += 1) {
      wakePublishers();
      if (n % 10 === 0) await new Promise(setImmediate);
    }
    await expect.poll(() => pool.begun(), SOON).toBeGreaterThan(begunBefore);
    await append(2, 1);
    await expect
      .poll(async () => (await db.owner`select from outbox_events where status = 'published'`).length, SOON)
      .toBe(1);
    expect(pool.begun() - begunBefore).toBeLessThan(WAKES / 4);
    // Only the lane whose event came has claimed.
    const others = (lanes: object[]) => lanes.filter((_, lane) => lane !== 2);
    expect(others(await lanesNow())).toEqual(others(before));
  }, 120_000);

  it('begins a few transactions per poll interval', async () => {
    const pool = counting();
    const POLL_MS = 200;
    await start(async (events) => published(events), { ...pool, pollMs: POLL_MS });
    const [startedAtMs, begunBefore] = [performance.now(), pool.begun()];
    await expect.poll(() => pool.begun(), SOON).toBeGreaterThan(begunBefore + 40);
    const polls = 1 + (performance.now() - startedAtMs) / POLL_MS;
    // Of each lane a sweep and what follows when it is empty, the sign-on, the gauge.
    expect((pool.begun() - begunBefore) / polls).toBeLessThan(8);
  }, 120_000);

  it('finds an event though the look for it failed', async () => {
    const seen: number[] = [];
    await start(async (events) => {
      seen.push(...events.map(({ payload }) => (JSON.parse(payload) as { n: number }).n));
      return published(events);
    });
    await db.owner`insert into testing.events (tenant_id, type, key, payload) values (${tenantId}, 't.v1', ${keys[3] ?? ''}, '{"n": 7}')`;
    const locked = await db.owner.reserve();
    try {
      await locked`begin`;
      await locked`lock table outbox_events in access exclusive mode`;
      wakePublishers();
      const cancelled = async () =>
        (
          await db.owner`select pg_cancel_backend(pid) from pg_stat_activity where datname = current_database()
            and wait_event_type = 'Lock' and query like '%cross join lateral%' and query not like '%update %'`
        ).length;
      await expect.poll(cancelled, SOON).toBe(1);
      await locked`commit`;
      await expect.poll(() => seen, SOON).toEqual([7]);
    } finally {
      await locked`rollback`;
      locked.release();
    }
  }, 120_000);
});

it('a publisher takes its lanes anew when a crash of the database emptied what fences them, and sends what was still claimed again', async () => {
  const sent: string[] = [];
  const publish: EventPublisher['publish'] = async (events) => {
    sent.push(...events.map(({ id }) => id));
    return published(events);
  };
  await start(publish, { pollMs: 200 });
  await append(0, 1);
  const state = async () => {
    const [row] = await db.owner<{ status: string; token: number }[]>`
      select e.status, l.token::float8 as token from outbox_events e join outbox_lanes l on l.lane = e.lane`;
    return row ?? { status: 'gone', token: 0 };
  };
  await expect.poll(state, SOON).toMatchObject({ status: 'published' });
  const { token } = await state();
  // The claim got to the disk, the mark and what rests on it did not.
  await db.owner.begin(async (tx) => {
    await tx`truncate outbox_lane_owners`;
    await tx`update outbox_lanes set low_water = 0`;
    await tx`update outbox_events set status = 'processing', published_at = null`;
  });
  await expect.poll(async () => (await state()).token, SOON).toBeGreaterThan(token);
  await expect.poll(state, SOON).toMatchObject({ status: 'published' });
  expect(sent).toHaveLength(2);
  expect(new Set(sent).size).toBe(1);
});
