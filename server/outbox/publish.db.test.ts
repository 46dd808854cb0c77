import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sql } from '#db/drizzle.ts';
import { testDatabase } from '#db/testing/index.ts';
import { createLogger, query, transaction } from '#server/lib/index.ts';
import { type Ctx, createTenant } from '#server/tenancy/index.ts';
import {
  appendEvent,
  createFilePublisher,
  type EventPublisher,
  type Hold,
  LANES,
  type OutboxEvent,
  publishLane,
  reapEvents,
  returnLanes,
  takeLanes,
} from './index.ts';
import { getSummary, listEvents } from './read-events.ts';
import { discardEvents, requeueEvents } from './settle-failed.ts';

const db = await testDatabase();
const log = createLogger({ level: 'silent', tier: 'test' });
let ctx: Ctx;
let tenantId: string;
let dir: string;
const options = {
  ...{ leaseMs: 10_000, batchSize: 500, maxAttempts: 2, isSweep: true },
  signal: new AbortController().signal,
};

beforeAll(async () => {
  const tenant = await createTenant(db.owner, { slug: 'acme', name: 'Acme' });
  tenantId = tenant.id;
  ctx = { pool: db.app, tenant, actor: { kind: 'system', id: 'test' }, requestId: 'test', log };
});
beforeEach(async () => {
  await db.owner`truncate outbox_events, outbox_counters`;
  await db.owner`update outbox_lanes set owner = null, lease_until = null, low_water = 0`;
  dir = await mkdtemp(join(tmpdir(), 'mainspring-outbox-'));
  afterAll(() => rm(dir, { recursive: true, force: true }));
});

const append = (keys: string[], payload: Record<string, unknown> = {}) =>
  transaction(db.app, { tenantId }, async (tx) => {
    const ids: string[] = [];
    for (const [n, key] of keys.entries())
      ids.push(
        (await appendEvent(tx, { tenantId, type: 'thing.happened.v1', key, payload: { ...payload, n } })).eventId,
      );
    return ids;
  });
const take = (owner = 'one', leaseMs = 10_000) => takeLanes(db.worker, { owner, leaseMs, limit: LANES, held: [] });

/** Everything there is, by one publisher, until nothing more comes. */
async function drain(publisher: EventPublisher, holds: Hold[], over: Partial<typeof options> = {}) {
  const total = { published: 0, retried: 0, failed: 0, lost: 0 };
  for (let claimed = 1; claimed > 0; ) {
    claimed = 0;
    for (const hold of holds) {
      const turn = await publishLane({ pool: db.worker, publisher }, hold, { ...options, ...over });
      claimed += turn.claimed;
      for (const name of ['published', 'retried', 'failed', 'lost'] as const) total[name] += turn[name];
    }
  }
  return total;
}

/** Somebody else locks a lane's row. */
async function holdLane(lane: number) {
  const mayEnd = Promise.withResolvers<void>();
  const isHeld = Promise.withResolvers<void>();
  const holder = db.owner.begin(async (tx) => {
    await tx`select from outbox_lanes where lane = ${lane} for update`;
    isHeld.resolve();
    await mayEnd.promise;
  });
  await isHeld.promise;
  const waiting = () => db.owner`select from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock' and query like '%outbox_renew_lane%'`;
  return {
    untilSomebodyWaits: () => expect.poll(async () => (await waiting()).length, { timeout: 10_000 }).toBeGreaterThan(0),
    async letGo() {
      mayEnd.resolve();
      await holder;
    },
  };
}

/** A backend in memory that refuses the events that it is told to. */
function recording(refuses: (event: OutboxEvent) => boolean = () => false) {
  const sent: OutboxEvent[] = [];
  const publisher: EventPublisher = {
    backend: 'recording',
    async publish(events) {
      const broken = new Set<string>();
      return events.map((event) => {
        if (broken.has(event.key)) return { kind: 'held' };
        if (refuses(event)) {
          broken.add(event.key);
          return { kind: 'refused', error: new Error(`refused ${event.key}`), isFinal: false };
        }
        sent.push(event);
        return { kind: 'published' };
      });
    },
    async close() {},
  };
  return { publisher, sent };
}

const linesOf = async (folder: string) => {
  const names = (await readdir(folder)).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.flatMap((text) =>
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { id: string; key: string }),
  );
};

describe('publishing', () => {
  it('writes every event once, each key in its order, and counts what it published', async () => {
    const keys = Array.from({ length: 1_200 }, (_, n) => `k${n % 17}`);
    const ids = await append(keys);
    const counts = await drain(createFilePublisher({ dir }), await take());
    expect(counts).toEqual({ published: 1_200, retried: 0, failed: 0, lost: 0 });
    const lines = await linesOf(dir);
    expect(lines.map((line) => line.id).sort()).toEqual([...ids].sort());
    for (const key of new Set(keys)) {
      const own = lines.filter((line) => line.key === key).map((line) => ids.indexOf(line.id));
      expect(own).toEqual([...own].sort((a, b) => a - b));
    }
    expect(await getSummary(ctx)).toEqual({
      ...{ pending: 0, processing: 0, published: 1_200, failed: 0, oldestPendingAgeSeconds: null },
    });
  });

  it('keeps both status changes of an event heap-only for nine events in ten', async () => {
    await append(
      Array.from({ length: 4_000 }, (_, n) => `k${n}`),
      { filler: 'x'.repeat(200) },
    );
    await db.owner`select pg_stat_force_next_flush()`;
    const read = () => db.owner<{ updates: number; hot: number }[]>`
      select sum(n_tup_upd)::int as updates, sum(n_tup_hot_upd)::int as hot from pg_stat_user_tables where relname like 'outbox_events%'`;
    const [before] = await read();
    await drain(createFilePublisher({ dir }), await take());
    await db.worker`select pg_stat_force_next_flush()`;
    await expect
      .poll(async () => ((await read())[0]?.updates ?? 0) - (before?.updates ?? 0), { timeout: 10_000 })
      .toBeGreaterThanOrEqual(7_000);
    const [after] = await read();
    const share = (after!.hot - before!.hot) / (after!.updates - before!.updates);
    expect(share).toBeGreaterThanOrEqual(0.9);
  });

  it('holds back later events of a key that failed, and only those; then its poison is set aside and the key goes on', async () => {
    const [poison] = await append(['bad', 'bad', 'good', 'bad', 'other']);
    const { publisher, sent } = recording((event) => event.id === poison);
    const holds = await take();
    await drain(publisher, holds);
    expect(sent.map((event) => event.key).sort()).toEqual(['good', 'other']);
    await db.owner`update outbox_events set available_at = now() where status = 'pending'`;
    await drain(publisher, holds);
    expect(sent.filter((event) => event.key === 'bad')).toHaveLength(2);
    const { items } = await listEvents(ctx, { status: 'failed', limit: 10 });
    expect(items).toMatchObject([{ id: poison, attempts: 2, lastError: 'refused bad' }]);
    expect(items[0]?.errorId).toBeTruthy();
  });

  it('sends a requeued event once, after what came meanwhile, and its copy says so', async () => {
    const [poison] = await append(['k']);
    let isBroken = true;
    const { publisher, sent } = recording((event) => isBroken && event.id === poison);
    const holds = await take();
    await drain(publisher, holds, { maxAttempts: 1 });
    isBroken = false;
    expect(await requeueEvents(ctx, { filter: {}, dryRun: true })).toEqual({ changed: 0, remaining: 1 });
    await append(['k']);
    expect(await requeueEvents(ctx, { ids: [poison!], dryRun: false })).toEqual({ changed: 1, remaining: 0 });
    await drain(publisher, holds);
    expect(sent.map((event) => event.id).indexOf(poison!)).toBe(1);
    expect(sent[1]?.headers).toEqual({ 'mainspring-requeued': '1' });
    expect(await requeueEvents(ctx, { ids: [poison!], dryRun: false })).toEqual({ changed: 0, remaining: 0 });
  });

  it('gives up what is discarded, with an audit row', async () => {
    await append(['k']);
    await drain(recording(() => true).publisher, await take(), { maxAttempts: 1 });
    expect(await discardEvents(ctx, { filter: { key: 'k' }, dryRun: false })).toEqual({ changed: 1, remaining: 0 });
    expect((await listEvents(ctx, { limit: 10 })).items).toMatchObject([{ status: 'discarded' }]);
    const audit = await db.owner`select action, details from audit_log order by id desc limit 1`;
    expect(audit[0]).toMatchObject({ action: 'outbox.discard', details: { changed: 1 } });
  });

  it('gives up by its id one that waits after a failure, so that its key goes on, and none that has not failed or is in flight', async () => {
    const [stuck, behind] = await append(['k', 'k']);
    const defers: EventPublisher = {
      backend: 'defers',
      publish: async (events) =>
        events.map((_, n) =>
          n === 0 ? { kind: 'deferred', error: new Error('not now'), delayMs: 60_000 } : { kind: 'held' },
        ),
      close: async () => {},
    };
    const holds = await take();
    await drain(defers, holds);
    // Never by a filter, and never put back: it is not failed.
    for (const change of [discardEvents, requeueEvents])
      expect(await change(ctx, { filter: {}, dryRun: false })).toEqual({ changed: 0, remaining: 0 });
    expect(await requeueEvents(ctx, { ids: [stuck!], dryRun: false })).toEqual({ changed: 0, remaining: 0 });
    await db.owner`update outbox_events set status = 'processing' where id = ${stuck!}`;
    expect(await discardEvents(ctx, { ids: [stuck!], dryRun: false })).toEqual({ changed: 0, remaining: 0 });
    await db.owner`update outbox_events set status = 'pending' where id = ${stuck!}`;
    expect(await discardEvents(ctx, { ids: [stuck!, behind!], dryRun: true })).toEqual({ changed: 0, remaining: 1 });
    expect(await discardEvents(ctx, { ids: [stuck!, behind!], dryRun: false })).toEqual({ changed: 1, remaining: 0 });
    const { publisher, sent } = recording();
    await drain(publisher, holds);
    expect(sent.map(({ id }) => id)).toEqual([behind]);
    const audit = await db.owner`select action, after from audit_log order by id desc limit 1`;
    expect(audit[0]).toEqual({ action: 'outbox.discard', after: [stuck] });
  });

  it('counts no attempt when the backend is down, and sends all when it is back', async () => {
    const ids = await append(['a', 'a', 'b']);
    const holds = await take();
    const down: EventPublisher = {
      backend: 'down',
      publish: () => Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })),
      close: async () => {},
    };
    for (let n = 0; n < 5; n += 1) await expect(drain(down, holds)).rejects.toThrow('ECONNREFUSED');
    // The keys may lie in different lanes, and a turn ends with the first lane that meets the outage.
    const rows = await db.owner`select status, attempts, last_error from outbox_events`;
    expect(rows.map(({ status, attempts }) => `${status} ${attempts}`)).toEqual(ids.map(() => 'pending 0'));
    expect(rows.map((row) => row.last_error)).toContain('connect ECONNREFUSED');
    const { publisher, sent } = recording();
    await drain(publisher, holds);
    expect(sent.map((event) => event.id).sort()).toEqual([...ids].sort());
  });
});

describe('a lane', () => {
  it('is taken over when its lease has run out, and the stale owner can neither claim nor mark', async () => {
    await append(['k']);
    const old = await take('old', 1);
    let wasTaken: Hold[] = [];
    const { publisher, sent } = recording();
    // While the old owner sends, another publisher finds its lease over.
    const slow: EventPublisher = {
      ...publisher,
      async publish(events, context) {
        await db.owner`update outbox_lanes set lease_until = now() - interval '1 second'`;
        wasTaken = await take('new');
        return publisher.publish(events, context);
      },
    };
    const lanes = await db.owner<{ lane: number }[]>`select lane from outbox_events`;
    const own = old.find((hold) => hold.lane === lanes[0]?.lane)!;
    const turn = await publishLane({ pool: db.worker, publisher: slow }, own, options);
    expect(turn).toMatchObject({ claimed: 1, published: 0, lost: 1 });
    expect((await db.owner`select status from outbox_events`)[0]).toEqual({ status: 'pending' });
    await expect(publishLane({ pool: db.worker, publisher }, own, options)).rejects.toThrow('taken over');
    expect(wasTaken).toHaveLength(LANES);
    await drain(publisher, wasTaken);
    expect(sent).toHaveLength(2);
    expect((await db.owner`select status from outbox_events`)[0]).toEqual({ status: 'published' });
  });

  it('never gives a publish more time than is left of the lease, however long the claim waited', async () => {
    await append(['k']);
    const [{ lane } = { lane: -1 }] = await db.owner<{ lane: number }[]>`select lane from outbox_events`;
    const own = (await take()).find((hold) => hold.lane === lane)!;
    const { publisher } = recording();
    const seen: { deadlineMs: number; leftMs: number }[] = [];
    const watching: EventPublisher = {
      ...publisher,
      async publish(events, context) {
        const [row] = await db.owner<{ leftMs: number }[]>`
          select extract(epoch from lease_until - clock_timestamp())::float8 * 1000 as "leftMs" from outbox_lanes where lane = ${lane}`;
        seen.push({ deadlineMs: context.deadlineMs, leftMs: row!.leftMs });
        return publisher.publish(events, context);
      },
    };
    const held = await holdLane(lane);
    const startedMs = performance.now();
    const turn = publishLane({ pool: db.worker, publisher: watching }, own, options);
    await held.untilSomebodyWaits();
    const waitedMs = performance.now() - startedMs;
    await held.letGo();
    expect(await turn).toMatchObject({ claimed: 1, published: 1 });
    expect(seen).toHaveLength(1);
    expect(seen[0]!.deadlineMs).toBeLessThanOrEqual(options.leaseMs * 0.7 - waitedMs);
    expect(seen[0]!.deadlineMs).toBeLessThan(seen[0]!.leftMs);
  });

  it('sends nothing when its owner stood still since the claim for longer than it may send', async () => {
    await append(['k']);
    const leaseMs = 2_000;
    const holds = await take('one', leaseMs);
    const [{ lane } = { lane: -1 }] = await db.owner<{ lane: number }[]>`select lane from outbox_events`;
    const own = holds.find((hold) => hold.lane === lane)!;
    const { publisher, sent } = recording();
    const held = await holdLane(lane);
    const turn = publishLane({ pool: db.worker, publisher }, own, { ...options, leaseMs }).catch(
      (error: unknown) => error,
    );
    await held.untilSomebodyWaits();
    await held.letGo();
    // As a process does that is stopped: the claim's answer is there when it goes on.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0.8 * leaseMs);
    expect(await turn).toBeInstanceOf(Error);
    expect(sent).toEqual([]);
  });

  it('is nobody else’s while its lease runs, and anybody’s once it is given back', async () => {
    const mine = await take('one');
    expect(mine).toHaveLength(LANES);
    expect(await take('two')).toEqual([]);
    await returnLanes(db.worker, mine);
    expect(await take('two')).toHaveLength(LANES);
  });

  it('finds three events that a long transaction commits after 10,000 later ones were published', async () => {
    const holds = await take();
    const { publisher, sent } = recording();
    const late = transaction(db.app, { tenantId }, async (tx) => {
      for (const n of [1, 2, 3])
        await appendEvent(tx, { tenantId, type: 'late.v1', key: n < 3 ? 'late' : 'k7', payload: { n } });
      await db.app.begin(async (other) => {
        await other`select set_config('mainspring.tenant_id', ${tenantId}, true)`;
        await other`insert into outbox_events (tenant_id, type, key, payload)
          select ${tenantId}, 'early.v1', 'k' || n, '{}' from generate_series(1, 10000) n`;
      });
      await drain(publisher, holds);
      // Sweeps while the transaction is open must not pass it.
      for (let n = 0; n < 3; n += 1) await drain(publisher, holds);
      return sent.length;
    });
    expect(await late).toBe(10_000);
    await drain(publisher, holds);
    const last = sent.slice(10_000).map(({ key, payload }) => `${key} ${payload}`);
    // In order within the key; the two keys may lie in different lanes.
    expect(last.filter((line) => line.startsWith('late'))).toEqual(['late {"n": 1}', 'late {"n": 2}']);
    expect([...last].sort()).toEqual(['k7 {"n": 3}', 'late {"n": 1}', 'late {"n": 2}']);
    for (let n = 0; n < 4; n += 1) await drain(publisher, holds);
    const [row] =
      await db.owner`select bool_and(low_water >= (select max(seq) - 20 from outbox_events)) as "isMoved" from outbox_lanes`;
    expect(row).toEqual({ isMoved: true });
  });
});

describe('the reaper', () => {
  it('resets only rows that have been in processing for too long, and twice is as once', async () => {
    await append(['a', 'b']);
    await db.owner`update outbox_events set status = 'processing', claim_token = 1, updated_at = now() - interval '301 seconds' where key = 'a'`;
    await db.owner`update outbox_events set status = 'processing', claim_token = 1, updated_at = now() - interval '299 seconds' where key = 'b'`;
    const first = await reapEvents({ pool: db.worker, log }, undefined);
    expect(first).toEqual({
      ...{ status: 'ok', stalenessSeconds: 300, resetCount: 1 },
      ...{ durationMs: expect.any(Number), timestamp: expect.stringMatching(/Z$/) },
    });
    expect((await reapEvents({ pool: db.worker, log }, undefined)).resetCount).toBe(0);
    const rows = await db.owner`select key, status from outbox_events order by key`;
    expect([...rows]).toEqual([
      { key: 'a', status: 'pending' },
      { key: 'b', status: 'processing' },
    ]);
  });

  it.each(['0', '-5', 'soon', '1.5'])('takes 300 seconds when the setting is %j', async (staleness) => {
    expect((await reapEvents({ pool: db.worker, log }, staleness)).stalenessSeconds).toBe(300);
  });
});

describe('appending', () => {
  const failing = (event: { key: string; payload: Record<string, unknown> }) =>
    transaction(db.app, { tenantId }, async (tx) => {
      await appendEvent(tx, { tenantId, type: 't.v1', key: 'before', payload: {} });
      await appendEvent(tx, { tenantId, type: 't.v1', ...event });
    });
  it.each([
    ['OUTBOX_EVENT_TOO_LARGE', { key: 'k', payload: { text: 'x'.repeat(900_001) } }],
    ['OUTBOX_EVENT_REFUSED', { key: '', payload: {} }],
    ['OUTBOX_EVENT_REFUSED', { key: 'k', payload: { text: '\u0000' } }],
  ])('refuses with %s and rolls the rest of the transaction back', async (code, event) => {
    await expect(failing(event)).rejects.toMatchObject({ code });
    expect((await db.owner`select count(*)::int as n from outbox_events`)[0]).toEqual({ n: 0 });
  });

  it('says OUTBOX_UNAVAILABLE when the connection drops, and nothing is stored', async () => {
    // The transaction may end by the drop itself before the statement does: the code is that of the statement.
    const said = Promise.withResolvers<unknown>();
    const dropped = transaction(db.app, { tenantId }, async (tx) => {
      const [{ pid } = { pid: 0 }] = await query<{ pid: number }>(tx, sql`select pg_backend_pid() as pid`);
      await appendEvent(tx, { tenantId, type: 't.v1', key: 'before', payload: {} });
      await db.owner`select pg_terminate_backend(${pid})`;
      await appendEvent(tx, { tenantId, type: 't.v1', key: 'after', payload: {} }).then(
        said.resolve,
        (error: unknown) => {
          said.resolve(error);
          throw error;
        },
      );
    });
    await expect(dropped).rejects.toThrow();
    expect(await said.promise).toMatchObject({ code: 'OUTBOX_UNAVAILABLE' });
    expect((await db.owner`select count(*)::int as n from outbox_events`)[0]).toEqual({ n: 0 });
  });
});
