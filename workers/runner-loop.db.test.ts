import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { cancelRun, getRun, listenForWakes, notifyRunnersThrough, onWake, wakeRunners } from '#server/runs/index.ts';
import { copyTable, openWorkshop, RETRY } from '#server/runs/testing/index.ts';
import { createRunner, type Runner, type RunnerConfig } from './runner-loop.ts';

const db = await testDatabase();
const shop = await openWorkshop(db, 'loop');
await shop.sql('create table numbers (n int primary key); insert into numbers select generate_series(1, 100)');
const runners: Runner[] = [];
let made = 0;

afterEach(async () => {
  await Promise.all(runners.splice(0).map((runner) => runner.stop()));
});

const runner = (config: Partial<RunnerConfig> = {}): Runner => {
  const created = createRunner({
    ...shop.deps,
    ...{ runner: `runner-${runners.length}`, concurrency: 3, leaseMs: 3_000, pollMs: 60_000, drainMs: 5_000 },
    ...config,
  });
  runners.push(created);
  return created;
};

async function pipeline(more: { policies?: object; errorHandling?: object } = {}) {
  made += 1;
  const table = `copy_${made}`;
  await shop.sql(`create table ${table} (n int)`);
  return { table, id: await shop.pipeline(`loop-${made}`, { nodes: copyTable('numbers', table), ...more }) };
}

async function until<T>(what: string, look: () => Promise<T | null | false>): Promise<T> {
  const deadline = performance.now() + 15_000;
  while (performance.now() < deadline) {
    const found = await look();
    if (found) return found;
    await sleep(20);
  }
  throw new Error(`waited in vain until ${what}`);
}
const ended = (runId: string) =>
  until(`run ${runId} ended`, async () => {
    const run = await getRun(shop.ctx, { id: runId });
    return run.finishedAt ? run : null;
  });

/** Holds the table, so that runs into it wait. */
async function hold(table: string): Promise<() => Promise<void>> {
  const [locked, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const held = db.owner.begin(async (tx) => {
    await tx.unsafe(`lock table "${shop.data.schemaName}"."${table}" in access exclusive mode`);
    locked.resolve();
    await release.promise;
  });
  await locked.promise;
  return async () => {
    release.resolve();
    await held;
  };
}
const activeRuns = async () => (await db.owner`select run_id from run_queue where claimed_by is not null`).length;

describe('createRunner', () => {
  it('takes up a run when it is woken, long before its poll', async () => {
    runner().start();
    await until('the loop turned', async () => runners[0]?.lastTurnAt() !== null);
    const { id, table } = await pipeline();
    const started = performance.now();
    const run = await ended(await shop.start(id));
    expect(run.status).toBe('succeeded');
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(await shop.sql(`select count(*)::int from ${table}`)).toEqual([{ count: 100 }]);
  });

  it('executes several at once, but never more than its concurrency', async () => {
    const pipelines = [await pipeline(), await pipeline(), await pipeline(), await pipeline(), await pipeline()];
    const releases = await Promise.all(pipelines.map(({ table }) => hold(table)));
    const runIds = await Promise.all(pipelines.map(({ id }) => shop.start(id)));
    runner().start();
    await until('three were claimed', async () => (await activeRuns()) === 3);
    await sleep(300);
    expect(await activeRuns()).toBe(3);
    await Promise.all(releases.map((release) => release()));
    for (const runId of runIds) expect((await ended(runId)).status).toBe('succeeded');
  });

  it('keeps the lease of a run that takes longer than it', async () => {
    const { id, table } = await pipeline();
    const release = await hold(table);
    const runId = await shop.start(id);
    runner({ leaseMs: 600 }).start();
    const second = runner({ leaseMs: 600, pollMs: 100 });
    second.start();
    await sleep(2_000);
    await release();
    const run = await ended(runId);
    expect(run).toMatchObject({ status: 'succeeded', attempt: 1 });
    expect(await shop.sql(`select count(*)::int from ${table}`)).toEqual([{ count: 100 }]);
  });

  it('tells how far a running run is', async () => {
    const { id, table } = await pipeline();
    const release = await hold(table);
    const runId = await shop.start(id);
    runner({ leaseMs: 600 }).start();
    const progress = await until('progress was told', async () => {
      const run = await getRun(shop.ctx, { id: runId });
      return run.progress?.nodeId === 'tgt' ? run.progress : null;
    });
    expect(progress).toMatchObject({ nodeId: 'tgt', nodesDone: 1, nodesTotal: 2 });
    await release();
    expect((await ended(runId)).progress).toBeNull();
  });

  it('drops the staging tables of a dead run, though its tenant has no further one', async () => {
    const table = `ms_stage_${'0'.repeat(32)}_1_0`;
    await shop.sql(`create unlogged table ${table} (path text)`);
    runner().start();
    await until(
      'the table was dropped',
      async () => (await shop.sql(`select to_regclass('${table}') as t`))[0]?.t === null,
    );
  });

  it('hears of a cancel at once', async () => {
    const { id, table } = await pipeline();
    const release = await hold(table);
    const runId = await shop.start(id);
    runner({ leaseMs: 30_000 }).start();
    await until('it ran', async () => (await activeRuns()) === 1);
    await cancelRun(shop.ctx, { id: runId });
    expect((await ended(runId)).status).toBe('cancelled');
    await release();
  });

  it('drains: a run in flight ends before stop() does, and nothing new is claimed', async () => {
    const { id, table } = await pipeline();
    const release = await hold(table);
    const runId = await shop.start(id);
    const draining = runner();
    draining.start();
    await until('it ran', async () => (await activeRuns()) === 1);
    const stopped = draining.stop();
    const waiting = await shop.start((await pipeline()).id);
    await sleep(200);
    await release();
    await stopped;
    expect((await getRun(shop.ctx, { id: runId })).status).toBe('succeeded');
    expect((await getRun(shop.ctx, { id: waiting })).status).toBe('queued');
    runner().start();
    await ended(waiting);
  });

  it('gives back what does not end within the drain time, for another to finish', async () => {
    const { id, table } = await pipeline({ errorHandling: { retry: RETRY(1) } });
    const release = await hold(table);
    const runId = await shop.start(id);
    const hurried = runner({ drainMs: 100 });
    hurried.start();
    await until('it ran', async () => (await activeRuns()) === 1);
    await hurried.stop();
    expect(await getRun(shop.ctx, { id: runId })).toMatchObject({ status: 'queued', error: null });
    await release();
    runner().start();
    expect((await ended(runId)).status).toBe('succeeded');
    expect(await shop.sql(`select count(*)::int from ${table}`)).toEqual([{ count: 100 }]);
  });

  it('goes on after every connection was cut', async () => {
    const running = runner({ pollMs: 100 });
    running.start();
    await until('the loop turned', async () => running.lastTurnAt() !== null);
    await db.owner`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and usename like '%\\_worker'`;
    const { id } = await pipeline({ errorHandling: { retry: RETRY(5) } });
    expect((await ended(await shop.start(id))).status).toBe('succeeded');
  });
});

describe('runOnce', () => {
  it('says what became of what it claimed', async () => {
    const { id } = await pipeline();
    await shop.start(id);
    const once = createRunner({
      ...shop.deps,
      runner: 'once',
      concurrency: 2,
      leaseMs: 3_000,
      pollMs: 1_000,
      drainMs: 1_000,
    });
    expect(await once.runOnce()).toMatchObject({ claimed: 1, succeeded: 1, failed: 0 });
    expect(await once.runOnce()).toMatchObject({ claimed: 0 });
  });
});

describe('wake-ups', () => {
  it('are told to other processes, and heard of them', async () => {
    const told: string[] = [];
    const ear = await db.owner.listen('mainspring_runs', (payload) => told.push(payload));
    let heard = 0;
    const off = onWake(() => {
      heard += 1;
    });
    const listener = listenForWakes(db.workerUrl, shop.deps.log);
    try {
      await until('it listens', async () => heard > 0);
      notifyRunnersThrough({ pool: db.app, log: shop.deps.log });
      wakeRunners();
      await until('others were told', async () => told.length > 0);
      heard = 0;
      await db.app.notify('mainspring_runs', 'another');
      await until('another was heard', async () => heard > 0);
    } finally {
      notifyRunnersThrough(null);
      off();
      await Promise.all([listener.stop(), ear.unlisten()]);
    }
  });
});
