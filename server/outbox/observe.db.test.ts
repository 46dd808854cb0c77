import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Pool } from '#db/client.ts';
import { type SQL, sql } from '#db/drizzle.ts';
import { testDatabase } from '#db/testing/index.ts';
import { createLogger, queryOne, transaction } from '#server/lib/index.ts';
import { type Ctx, createTenant } from '#server/tenancy/index.ts';
import { backlogByTenantStatement, backlogStatement, type LowWater, readLowWaters } from './backlog.ts';
import { tellFlow } from './flow.ts';
import { type EventPublisher, LANES, publishLane, signOn, takeLanes } from './index.ts';
import { pendingCount } from './metrics.ts';
import { createUnwatchedObserver, observeBacklog } from './observe-backlog.ts';
import { getEvent, getSummary, listEvents } from './read-events.ts';
import { getHistory } from './read-history.ts';
import { listPublishers } from './read-publishers.ts';
import { reapStatement } from './reap.ts';

const db = await testDatabase();
const log = createLogger({ level: 'silent', tier: 'test' });
let ctx: Ctx;

beforeAll(async () => {
  const tenant = await createTenant(db.owner, { slug: 'acme', name: 'Acme' });
  ctx = { pool: db.app, tenant, actor: { kind: 'system', id: 'test' }, requestId: 'test', log };
});
beforeEach(async () => {
  await db.owner`truncate outbox_events, outbox_counters, outbox_depth, outbox_flow, outbox_publishers`;
  await db.owner`update outbox_lanes set owner = null, lease_until = null, low_water = 0`;
  await db.owner`update outbox_sampling set sampled_at = 'epoch'`;
});

/** Events of one status, each with a key of its own. */
const insert = (count: number, status: string, prefix = 'k') =>
  db.owner`insert into testing.events (tenant_id, type, key, payload, status, failed_at)
    select ${ctx.tenant.id}, 'thing.happened.v1', ${prefix} || n, '{}', ${status}, case when ${status} = 'failed' then now() end
    from generate_series(1, ${count}) n`;
/** What a process that has not asked lately sees: answers are kept for seconds for each pool. */
const unasked = (): Ctx => ({ ...ctx, pool: new Proxy(ctx.pool, {}) });

/** Points are kept on the tens of seconds: not when the next one is so near that it may begin within a test. */
const earlyInTen = () =>
  expect
    .poll(
      async () =>
        (await db.owner<{ s: number }[]>`select extract(epoch from clock_timestamp())::float8 as s`)[0]!.s % 10,
      { timeout: 30_000, interval: 50 },
    )
    .toBeLessThan(6);

type Plan = { 'Shared Hit Blocks': number; 'Shared Read Blocks': number };

describe('counting what waits', () => {
  it('reads from the low-water of each lane on, for gauge, summary and reaper, however many rows lie below it', async () => {
    await insert(30_000, 'published');
    await db.owner`update outbox_lanes set low_water = (select max(seq) from outbox_events)`;
    await insert(40, 'pending');
    const [{ blocks } = { blocks: 0 }] = await db.owner<{ blocks: number }[]>`
      select sum(pg_relation_size(oid) / 8192)::int as blocks from pg_class where relname like 'outbox_events_2%'`;
    expect(blocks).toBeGreaterThan(500);
    const explain = (pool: Pool, statementOf: (lanes: LowWater[]) => SQL) =>
      transaction(pool, { tenantId: ctx.tenant.id }, async (tx) => {
        const statement = statementOf(await readLowWaters(tx));
        const row = await queryOne<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
          tx,
          sql`explain (analyze, buffers, format json) ${statement}`,
        );
        const { Plan: plan } = row['QUERY PLAN'][0];
        expect(plan['Shared Hit Blocks'] + plan['Shared Read Blocks']).toBeLessThan(200);
      });
    // Before and after PostgreSQL has counted the table.
    for (let n = 0; n < 2; n += 1) {
      await explain(db.worker, backlogByTenantStatement);
      await explain(db.worker, (lanes) => reapStatement(lanes, 300));
      await db.owner`analyze outbox_events`;
    }
    await explain(db.app, (lanes) => backlogStatement(lanes, ctx.tenant.id));
  });

  it('keeps one point for ten seconds whoever looks, and one of zeros when nothing waits any more', async () => {
    await insert(3, 'pending');
    await insert(1, 'failed', 'f');
    await earlyInTen();
    expect(await observeBacklog(db.worker)).toEqual({ pending: 3, isSampled: true });
    expect(await observeBacklog(db.worker)).toEqual({ pending: 3, isSampled: false });
    await db.owner`truncate outbox_events`;
    for (let n = 0; n < 2; n += 1) {
      await db.owner`update outbox_depth set at = at - interval '20 seconds'`;
      await db.owner`update outbox_sampling set sampled_at = sampled_at - interval '20 seconds'`;
      expect(await observeBacklog(db.worker)).toEqual({ pending: 0, isSampled: true });
    }
    const rows = await db.owner`select pending, failed from outbox_depth order by at`;
    expect([...rows]).toEqual([
      { pending: 3, failed: 1 },
      { pending: 0, failed: 0 },
    ]);
  });

  it('goes on when the database’s clock was set back, and counts whoever was last heard of in its future as dead', async () => {
    await insert(3, 'pending');
    await earlyInTen();
    await db.owner`update outbox_sampling set sampled_at = now() + interval '1 hour'`;
    expect(await observeBacklog(db.worker)).toEqual({ pending: 3, isSampled: true });
    expect(await observeBacklog(db.worker)).toEqual({ pending: 3, isSampled: false });
    await db.owner`update outbox_sampling set sampled_at = now() + interval '1 hour'`;
    await lives('gone');
    const look = watchOf(null);
    expect((await look()).hasCounted).toBe(true);
    // Its last point is fresh from here on.
    expect((await look()).hasCounted).toBe(false);
    await db.owner`update outbox_publishers set last_seen_at = now() + interval '1 hour'`;
    expect((await look()).hasCounted).toBe(true);
    expect(await signOn(db.worker, { id: 'here', host: 'h', pid: 2, backend: 'file' }, 10_000)).toBe(LANES);
  });

  /** A look of a process without a publisher at a time of the test's own: ten seconds after the one before. */
  function watchOf(ownPublisher: string | null) {
    let nowMs = 0;
    const look = createUnwatchedObserver({ ownPublisher, nowMs: () => nowMs });
    return async () => {
      const hasCounted = await look(db.worker);
      nowMs += 10_000;
      await db.owner`update outbox_depth set at = at - interval '10 seconds'`;
      await db.owner`update outbox_sampling set sampled_at = sampled_at - interval '10 seconds'`;
      return { hasCounted, gauge: await gauge() };
    };
  }
  const gauge = async () => (await pendingCount.get()).values[0]?.value;
  const lives = (id: string) => signOn(db.worker, { id, host: 'h', pid: 1, backend: 'file' }, 10_000);

  it('is done by others at every look while no publisher lives, and the gauge keeps saying what waits', async () => {
    await insert(120, 'pending');
    const look = watchOf(null);
    for (let n = 0; n < 4; n += 1) expect(await look()).toEqual({ hasCounted: true, gauge: 120 });
    await lives('elsewhere');
    // It has not counted yet, so this figure is the only one.
    await db.owner`update outbox_sampling set sampled_at = now() - interval '1 minute'`;
    expect(await look()).toEqual({ hasCounted: true, gauge: 120 });
    expect(await look()).toEqual({ hasCounted: false, gauge: 120 });
    await db.owner`update outbox_publishers set last_seen_at = now() - interval '20 seconds'`;
    expect(await look()).toEqual({ hasCounted: true, gauge: 120 });
  });

  it('is left to a publisher that lives elsewhere, whose last figures of all tenants the gauge then shows', async () => {
    await lives('elsewhere');
    const look = createUnwatchedObserver({ ownPublisher: 'own' });
    // No event lies there: whoever counted would find none.
    const lookAfter = async (secondsAgo: number, told: Record<string, number>) => {
      await db.owner`update outbox_sampling set sampled_at = now() - make_interval(secs => ${secondsAgo})`;
      for (const [tenantId, pending] of Object.entries(told))
        await db.owner`insert into outbox_depth select ${tenantId}::uuid, sampled_at, ${pending}::int, 5, 0, 1 from outbox_sampling`;
      return { hasCounted: await look(db.worker), gauge: await gauge() };
    };
    const { id: other } = await createTenant(db.owner, { slug: 'other', name: 'Other' });
    const own = ctx.tenant.id;
    expect(await lookAfter(10, { [own]: 300, [other]: 40 })).toEqual({ hasCounted: false, gauge: 340 });
    expect(await lookAfter(5, { [own]: 0, [other]: 70 })).toEqual({ hasCounted: false, gauge: 70 });
    // Nothing waits at a point of which no tenant has a row.
    expect(await lookAfter(0, {})).toEqual({ hasCounted: false, gauge: 0 });
    // What was told too long ago says nothing about now.
    expect(await lookAfter(30, { [own]: 900 })).toEqual({ hasCounted: true, gauge: 0 });
  });

  it('never takes the figure of a publisher in the same process away, however seldom that counts', async () => {
    await insert(120, 'pending');
    await lives('own');
    const look = watchOf('own');
    await observeBacklog(db.worker);
    for (let n = 0; n < 8; n += 1) expect((await look()).gauge).toBe(120);
    await db.owner`update outbox_publishers set last_seen_at = now() - interval '20 seconds'`;
    expect(await look()).toEqual({ hasCounted: true, gauge: 120 });
    await lives('own');
    expect(await look()).toEqual({ hasCounted: false, gauge: 120 });
  });

  it('forgets points of more than a day ago', async () => {
    await db.owner`insert into outbox_depth values (${ctx.tenant.id}, now() - interval '25 hours', 1, 0, 0, 1)`;
    await db.owner`insert into outbox_flow values (${ctx.tenant.id}, now() - interval '25 hours', 0, 1, '{1}')`;
    await observeBacklog(db.worker);
    expect((await db.owner`select from outbox_depth union all select from outbox_flow`).length).toBe(0);
  });
});

describe('the history', () => {
  it('shows what waited, what was published and at what age', async () => {
    await insert(50, 'pending');
    await db.owner`update outbox_events set created_at = now() - interval '8 seconds'`;
    await observeBacklog(db.worker);
    const publisher: EventPublisher = {
      backend: 'nowhere',
      publish: async (events) => events.map(() => ({ kind: 'published' })),
      close: async () => {},
    };
    const options = { leaseMs: 10_000, batchSize: 500, maxAttempts: 2, isSweep: true };
    const signal = new AbortController().signal;
    for (const hold of await takeLanes(db.worker, { owner: 'one', leaseMs: 10_000, limit: LANES, held: [] })) {
      // Twice told, so that counts of one point are added up.
      await publishLane({ pool: db.worker, publisher }, hold, { ...options, batchSize: 5, signal });
      await tellFlow(db.worker);
      await publishLane({ pool: db.worker, publisher }, hold, { ...options, signal });
    }
    await tellFlow(db.worker);
    const { stepSeconds, points } = await getHistory(unasked(), { minutes: 15 });
    expect([stepSeconds, points.length]).toEqual([10, 90]);
    expect(Math.max(...points.map((point) => point.pending ?? 0))).toBe(50);
    expect(points.reduce((sum, point) => sum + point.published, 0)).toBe(50);
    const aged = points.filter((point) => point.ageP50Ms !== null);
    for (const { ageP50Ms, ageP99Ms } of aged) {
      expect(ageP50Ms).toBeGreaterThan(5_000);
      expect(ageP99Ms).toBeGreaterThanOrEqual(ageP50Ms!);
    }
    expect(aged.length).toBeGreaterThan(0);
  });

  it('says that nobody looked rather than that nothing waited', async () => {
    const at = (seconds: number) =>
      db.owner`select date_bin('10 seconds', now(), 'epoch') - make_interval(secs => ${seconds}) as at`;
    const [[old], [seen]] = await Promise.all([at(300), at(100)]);
    await db.owner`insert into outbox_depth values (${ctx.tenant.id}, ${old!.at}, 7, 0, 0, 1)`;
    await db.owner`insert into outbox_depth values (${ctx.tenant.id}, ${seen!.at}, 0, 0, 0, null)`;
    await db.owner`update outbox_sampling set sampled_at = now() - interval '50 seconds'`;
    const { points } = await getHistory(unasked(), { minutes: 15 });
    const pending = points.map((point) => point.pending);
    const known = pending.indexOf(7);
    expect(pending.slice(0, known).every((value) => value === 0)).toBe(true);
    expect(pending.slice(known + 1, known + 20).every((value) => value === null)).toBe(true);
    expect(pending[known + 20]).toBe(0);
    expect(pending.at(-1)).toBeNull();
  });
});

describe('what the page lists', () => {
  it('finds an event by its id, its key or its type', async () => {
    await insert(30, 'published');
    await insert(1, 'pending', 'customer-');
    const [{ id } = { id: '' }] = await db.owner<
      { id: string }[]
    >`select id from outbox_events where key = 'customer-1'`;
    for (const search of [id, 'customer-', 'customer-1'])
      expect((await listEvents(ctx, { search, limit: 10 })).items).toMatchObject([{ id, key: 'customer-1' }]);
    expect((await listEvents(ctx, { search: 'thing.', limit: 50 })).items).toHaveLength(31);
    expect((await listEvents(ctx, { search: 'Customer', limit: 50 })).items).toEqual([]);
    expect((await listEvents(ctx, { status: 'pending', limit: 50 })).items).toMatchObject([{ id }]);
    expect(await getEvent(ctx, { id })).toMatchObject({ payload: {}, headers: {}, lane: expect.any(Number) });
  });

  it('looks at 50,000 events for what no index finds, and says where to go on', async () => {
    await insert(1, 'published', 'needle-');
    await insert(50_000, 'published');
    const first = await listEvents(ctx, { key: 'needle-1', limit: 10 });
    expect(first).toMatchObject({ items: [], nextCursor: expect.any(String) });
    const second = await listEvents(ctx, { key: 'needle-1', limit: 10, cursor: first.nextCursor! });
    expect(second).toMatchObject({ items: [{ key: 'needle-1' }], nextCursor: null });
  });

  it('counts a tenant once for callers that ask together', async () => {
    await insert(2, 'pending');
    const own = unasked();
    const [one, two] = await Promise.all([getSummary(own), getSummary(own)]);
    expect(one).toBe(two);
    expect(one).toMatchObject({ pending: 2, processing: 0, published: 0, failed: 0 });
  });

  it('names publishers with their lanes, and those that went silent', async () => {
    await signOn(db.worker, { id: 'one', host: 'h', pid: 1, backend: 'file' }, 10_000, 90_000);
    await takeLanes(db.worker, { owner: 'one', leaseMs: 10_000, limit: 3, held: [] });
    await db.owner`insert into outbox_publishers (id, host, pid, backend, last_seen_at) values ('gone', 'h', 2, 'file', now() - interval '1 minute')`;
    const { items, unheldLanes } = await listPublishers(ctx);
    expect(items).toMatchObject([
      { id: 'one', isSilent: false, lanes: [0, 1, 2] },
      { id: 'gone', isSilent: true, lanes: [], failingSince: null },
    ]);
    const [one] = items;
    expect(Date.parse(one!.lastSeenAt) - Date.parse(one!.failingSince!)).toBeCloseTo(90_000, -2);
    expect(unheldLanes).toEqual([3]);
  });
});
