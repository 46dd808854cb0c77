// What must hold when things go wrong in the middle: one effect or none, whoever dies and whenever.
import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { transaction } from '#server/lib/index.ts';
import { claimRuns, getRun, reapLostRuns } from './index.ts';
import { at, openFaults } from './testing/faults.ts';
import { loadFiles, RETRY } from './testing/index.ts';

const db = await testDatabase();
const { shop, copyPipeline, rowsIn, dlqRows, killRunBackend, holdTable, waitForBlockedRun } = await openFaults(db);

describe('a backend killed inside the effect', () => {
  it.each(['effect_started', 'statements_done', 'before_end', 'before_commit'] as const)(
    'at %s leaves nothing half written, and the next attempt writes everything once',
    async (step) => {
      const { id, table } = await copyPipeline({ retry: RETRY(3) });
      const runId = await shop.start(id);
      const first = await shop.execute(await shop.claim(), { onStep: at(step, killRunBackend) });
      expect(first.end).toBe('retried');
      expect(first.error).toMatchObject({ code: 'DATABASE_UNAVAILABLE', isTransient: true });
      expect(await rowsIn(table)).toBe(0);
      expect(await getRun(shop.ctx, { id: runId })).toMatchObject({ status: 'queued', attempt: 1, finishedAt: null });
      expect((await shop.execute(await shop.claim())).end).toBe('succeeded');
      expect(await rowsIn(table)).toBe(1000);
      const run = await getRun(shop.ctx, { id: runId });
      expect(run).toMatchObject({ status: 'succeeded', attempt: 2, error: null });
      expect(run.attempts.map((attempt) => attempt.status)).toEqual(['failed', 'succeeded']);
    },
  );

  it('while a statement waits leaves nothing half written', async () => {
    const { id, table } = await copyPipeline({ retry: RETRY(2) });
    await shop.start(id);
    const release = await holdTable(table);
    const running = shop.execute(await shop.claim());
    await waitForBlockedRun();
    await killRunBackend();
    expect((await running).end).toBe('retried');
    await release();
    expect(await rowsIn(table)).toBe(0);
  });

  it('after the last attempt fails the run and says why', async () => {
    const { id } = await copyPipeline({ retry: RETRY(1) });
    const { run } = await shop.run(id, { onStep: at('statements_done', killRunBackend) });
    expect(run).toMatchObject({ status: 'failed', error: { code: 'DATABASE_UNAVAILABLE', isTransient: true } });
    expect(run.nodes.map((node) => node.status)).toEqual(['succeeded', 'succeeded']);
  });
});

describe('a lost answer to COMMIT', () => {
  it('does not make a second effect: the run that had committed stays succeeded', async () => {
    const { id, table } = await copyPipeline({ retry: RETRY(3) });
    const runId = await shop.start(id);
    const lose = at('committed', () => {
      throw Object.assign(new Error('the answer got lost'), { code: 'CONNECTION_CLOSED' });
    });
    expect((await shop.execute(await shop.claim(), { onStep: lose })).end).toBe('lost');
    expect(await getRun(shop.ctx, { id: runId })).toMatchObject({ status: 'succeeded', error: null });
    expect(await rowsIn(table)).toBe(1000);
    expect(await claimRuns(db.worker, { runner: 'test', leaseMs: 1_000, limit: 9 })).toEqual([]);
  });
});

describe('a time-out', () => {
  it('cancels the waiting statement, names its node and is tried again', async () => {
    const { id, table } = await copyPipeline({ retry: RETRY(2), timeoutSeconds: 1 });
    const runId = await shop.start(id);
    const release = await holdTable(table);
    const outcome = await shop.execute(await shop.claim());
    await release();
    expect(outcome).toMatchObject({ end: 'retried', error: { code: 'TIMED_OUT', nodeId: 'tgt', isTransient: true } });
    expect((await shop.execute(await shop.claim())).end).toBe('succeeded');
    expect(await getRun(shop.ctx, { id: runId })).toMatchObject({ status: 'succeeded', rowsOut: 1000 });
    expect(await rowsIn(table)).toBe(1000);
  });
});

describe('staging tables', () => {
  it('of a dead attempt are swept by the next one, and malformed lines are not parked twice', async () => {
    await shop.drop('staged/1.csv', 'id\n1\n2,3\n4\n');
    const nodes = loadFiles('staged/*.csv', 'csv', { id: 'integer' }, 'staged_rows');
    const id = await shop.pipeline('staged', { nodes, errorHandling: { retry: RETRY(3) } });
    const runId = await shop.start(id);
    const abandoned = await shop.claim();
    const dies = shop.execute(abandoned, {
      onStep: at('staged', async () => {
        await db.owner`update run_queue set lease_until = now() - interval '1 second' where run_id = ${runId}`;
        await reapLostRuns(db.worker);
        throw new Error('the runner died here');
      }),
    });
    expect((await dies).end).toBe('lost');
    const tables = () => db.owner`select relname from pg_class where relname like 'ms\\_stage%' and relkind = 'r'`;
    expect(await tables()).toHaveLength(2);
    await db.owner`update run_queue set available_at = now()`;
    expect((await shop.execute(await shop.claim())).end).toBe('succeeded');
    expect(await tables()).toHaveLength(0);
    expect(await dlqRows(runId)).toBe(1);
    expect(await shop.sql('select id from staged_rows order by id')).toEqual([{ id: 1 }, { id: 4 }]);
  });

  it.each(['0', 'rejects'])('that a crash of the server emptied (…_%s) have their files staged again', async (part) => {
    const name = `crash_${part}`;
    await shop.drop(`${name}/1.csv`, 'id\n1\nx\n2,3\n4\n');
    const nodes = loadFiles(`${name}/*.csv`, 'csv', { id: 'integer' }, name);
    const id = await shop.pipeline(name.replace('_', '-'), { nodes, errorHandling: { retry: RETRY(3) } });
    const runId = await shop.start(id);
    // Crash recovery resets an unlogged table to empty.
    const empty = async () => {
      const [table] = await db.owner`select relname from pg_class
        where relname like ${`ms\\_stage%\\_${part}`} and relkind = 'r'`;
      await shop.sql(`truncate ${table?.relname}`);
    };
    const first = await shop.execute(await shop.claim(), { onStep: at('staged', empty) });
    expect(first).toMatchObject({ end: 'retried', error: { code: 'DATABASE_UNAVAILABLE', isTransient: true } });
    expect((await shop.execute(await shop.claim())).end).toBe('succeeded');
    expect(await shop.sql(`select id from ${name} order by id`)).toEqual([{ id: 1 }, { id: 4 }]);
    expect(await dlqRows(runId)).toBe(2);
  });
});

describe('the fence', () => {
  it('holds in SQL alone: an effect with an old token is rolled back as a whole', async () => {
    const { id, table } = await copyPipeline();
    await shop.start(id);
    const claimed = await shop.claim();
    const outcome = await shop.execute({ ...claimed, token: claimed.token - 1 });
    expect(outcome.end).toBe('lost');
    expect(await rowsIn(table)).toBe(0);
    await transaction(db.worker, { tenantId: shop.tenant.id }, async () => {});
    expect(await getRun(shop.ctx, { id: claimed.runId })).toMatchObject({ status: 'running' });
  });
});
