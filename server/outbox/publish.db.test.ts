import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { createFilePublisher, type EventPublisher } from './index.ts';
import { getSummary, listEvents } from './read-events.ts';
import { discardEvents, requeueEvents } from './settle-failed.ts';
import { openOutbox, recording } from './testing/outbox.ts';

const db = await testDatabase();
const { ctx, restart, append, take, drain } = await openOutbox(db);
let dir: string;
beforeEach(async () => {
  await restart();
  dir = await mkdtemp(join(tmpdir(), 'mainspring-outbox-'));
  afterAll(() => rm(dir, { recursive: true, force: true }));
});

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
    expect(rows.map((row) => row.last_error)).toContainEqual(
      expect.stringMatching(/^the down backend is away or did not answer in time; it is tried again$/),
    );
    const { publisher, sent } = recording();
    await drain(publisher, holds);
    expect(sent.map((event) => event.id).sort()).toEqual([...ids].sort());
  });
});
