// What must hold when things go wrong in the middle: one effect or none, whoever dies and whenever.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { transaction } from '#server/lib/index.ts';
import { cancelRun, claimRuns, createRunControl, getRun, type RunStep, reapLostRuns } from './index.ts';
import { copyTable, loadFiles, openWorkshop, RETRY } from './testing/index.ts';

const db = await testDatabase();
const shop = await openWorkshop(db, 'failure');
await shop.sql('create table numbers (n int primary key); insert into numbers select generate_series(1, 1000)');
let made = 0;

afterEach(async () => {
  await db.owner`delete from run_queue`;
});

/** A pipeline into a table of its own that exists already. */
async function copyPipeline(errorHandling: object = {}) {
  made += 1;
  const table = `copy_${made}`;
  await shop.sql(`create table ${table} (n int)`);
  return { table, id: await shop.pipeline(`copy-${made}`, { nodes: copyTable('numbers', table), errorHandling }) };
}

const rowsIn = async (table: string) => Number((await shop.sql(`select count(*) from ${table}`))[0]?.count);
const dlqRows = async (runId: string) => (await db.owner`select 1 from dlq_entries where run_id = ${runId}`).length;

/** Kills the run's own connection, as a crash of the backend does. */
async function killRunBackend(): Promise<void> {
  await db.owner`select pg_terminate_backend(pid) from pg_stat_activity
    where application_name like 'mainspring run %' and datname = current_database()`;
}

/** Holds the table so that the run's statement has to wait; returns how to let go. */
async function holdTable(table: string): Promise<() => Promise<void>> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const locked = Promise.withResolvers<void>();
  const held = db.owner.begin(async (tx) => {
    await tx.unsafe(`lock table "${shop.data.schemaName}"."${table}" in access exclusive mode`);
    locked.resolve();
    await promise;
  });
  await locked.promise;
  return async () => {
    resolve();
    await held;
  };
}

async function waitForBlockedRun(): Promise<void> {
  for (let i = 0; i < 200; i += 1) {
    const rows = await db.owner`select 1 from pg_stat_activity
      where application_name like 'mainspring run %' and datname = current_database() and wait_event_type = 'Lock'`;
    if (rows.length > 0) return;
    await sleep(25);
  }
  throw new Error('the run never waited for the lock');
}

const at = (step: RunStep, act: () => Promise<void> | void) => {
  let hasActed = false;
  return async (now: RunStep) => {
    if (now !== step || hasActed) return;
    hasActed = true;
    await act();
  };
};

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

describe('cancelRun', () => {
  it('ends a waiting run at once', async () => {
    const { id } = await copyPipeline();
    const runId = await shop.start(id);
    expect(await cancelRun(shop.ctx, { id: runId })).toEqual({ status: 'cancelled', isPending: false });
    expect(await getRun(shop.ctx, { id: runId })).toMatchObject({ status: 'cancelled', startedAt: null });
    await expect(cancelRun(shop.ctx, { id: runId })).rejects.toMatchObject({ code: 'RUN_NOT_CANCELLABLE' });
  });

  it('cancels the running statement and leaves nothing written', async () => {
    const { id, table } = await copyPipeline();
    const runId = await shop.start(id);
    const release = await holdTable(table);
    const running = shop.executeBeating(await shop.claim(), { leaseMs: 600 });
    await waitForBlockedRun();
    const started = performance.now();
    expect(await cancelRun(shop.ctx, { id: runId })).toEqual({ status: 'running', isPending: true });
    expect(await getRun(shop.ctx, { id: runId })).toMatchObject({ status: 'running', isCancelRequested: true });
    expect((await running).end).toBe('cancelled');
    expect(performance.now() - started).toBeLessThan(3_000);
    await release();
    expect(await getRun(shop.ctx, { id: runId })).toMatchObject({ status: 'cancelled', error: { code: 'CANCELLED' } });
    expect(await rowsIn(table)).toBe(0);
  });

  it('that comes between the statements and the commit still wins', async () => {
    const { id, table } = await copyPipeline();
    const runId = await shop.start(id);
    const cancel = at('before_end', async () => {
      await cancelRun(shop.ctx, { id: runId });
    });
    await shop.execute(await shop.claim(), { onStep: cancel });
    // Its runner never heard of it, but the commit reads the request.
    expect(await rowsIn(table)).toBe(0);
    expect(await getRun(shop.ctx, { id: runId })).toMatchObject({ status: 'cancelled' });
  });

  it('is RUN_NOT_FOUND for another tenant', async () => {
    const { id } = await copyPipeline();
    const runId = await shop.start(id);
    const other = await openWorkshop(db, 'failure-stranger');
    await expect(cancelRun(other.ctx, { id: runId })).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
    expect(await getRun(shop.ctx, { id: runId })).toMatchObject({ status: 'queued' });
  });
});

describe('a zombie', () => {
  /** Another runner takes the run over while the first believes that it still holds it. */
  async function takeOver(runId: string) {
    await db.owner`update run_queue set lease_until = now() - interval '1 second' where run_id = ${runId}`;
    expect(await reapLostRuns(db.worker)).toEqual({ retried: 1, failed: 0, cancelled: 0 });
    await db.owner`update run_queue set available_at = now() where run_id = ${runId}`;
    return shop.claim({ runner: 'second' });
  }

  it.each(['loaded', 'staged', 'effect_started', 'before_end'] as const)(
    'that wakes at %s after another runner has finished its run cannot commit',
    async (step) => {
      const { id, table } = await copyPipeline({ retry: RETRY(5) });
      const runId = await shop.start(id);
      const second = Promise.withResolvers<string>();
      const meanwhile = at(step, async () => {
        second.resolve((await shop.execute(await takeOver(runId))).end);
        await second.promise;
      });
      expect((await shop.execute(await shop.claim(), { onStep: meanwhile })).end).toBe('lost');
      expect(await second.promise).toBe('succeeded');
      expect(await rowsIn(table)).toBe(1000);
      const run = await getRun(shop.ctx, { id: runId });
      expect(run).toMatchObject({ status: 'succeeded', attempt: 2 });
      expect(run.attempts.map((attempt) => attempt.status)).toEqual(['lost', 'succeeded']);
    },
  );

  it('that fails after the takeover does not end the other runner’s attempt', async () => {
    const { id, table } = await copyPipeline({ retry: RETRY(5) });
    const runId = await shop.start(id);
    let second: Awaited<ReturnType<typeof takeOver>> | null = null;
    const meanwhile = at('statements_done', async () => {
      second = await takeOver(runId);
      await killRunBackend();
    });
    expect((await shop.execute(await shop.claim(), { onStep: meanwhile })).end).toBe('lost');
    expect(await getRun(shop.ctx, { id: runId })).toMatchObject({
      status: 'running',
      attempt: 2,
      error: { code: 'RUN_LOST' },
    });
    if (!second) throw new Error('nobody took over');
    expect((await shop.execute(second)).end).toBe('succeeded');
    expect(await rowsIn(table)).toBe(1000);
  });

  it('stops by itself when its lease runs out without an answer from the database', async () => {
    const { id, table } = await copyPipeline({ retry: RETRY(5) });
    await shop.start(id);
    const release = await holdTable(table);
    const claimed = await shop.claim({ leaseMs: 600 });
    const running = shop.executeBeating(claimed, { leaseMs: 600 });
    await waitForBlockedRun();
    await db.owner`update run_queue set claimed_by = 'somebody else' where run_id = ${claimed.runId}`;
    expect((await running).end).toBe('lost');
    await release();
    expect(await rowsIn(table)).toBe(0);
  });
});

describe('reapLostRuns', () => {
  it('fails a run without attempts left, cancels one that was to be cancelled, and leaves live leases alone', async () => {
    const { id } = await copyPipeline({ retry: RETRY(1) });
    const { id: other } = await copyPipeline({ retry: RETRY(3) });
    const { id: third } = await copyPipeline({ retry: RETRY(3) });
    const [dead, cancelled, alive] = [await shop.start(id), await shop.start(other), await shop.start(third)];
    await claimRuns(db.worker, { runner: 'gone', leaseMs: 60_000, limit: 3 });
    await cancelRun(shop.ctx, { id: cancelled });
    await db.owner`update run_queue set lease_until = now() - interval '1 second' where run_id in (${dead}, ${cancelled})`;
    const both = await Promise.all([reapLostRuns(db.worker), reapLostRuns(db.worker)]);
    expect(both.map((counts) => counts.failed + counts.cancelled).reduce((a, b) => a + b)).toBe(2);
    expect(await reapLostRuns(db.worker)).toEqual({ retried: 0, failed: 0, cancelled: 0 });
    expect(await getRun(shop.ctx, { id: dead })).toMatchObject({
      status: 'failed',
      error: { code: 'RUN_LOST' },
      attempts: [{ status: 'lost' }],
    });
    expect(await getRun(shop.ctx, { id: cancelled })).toMatchObject({
      status: 'cancelled',
      error: { code: 'CANCELLED' },
    });
    expect(await getRun(shop.ctx, { id: alive })).toMatchObject({ status: 'running' });
  });
});

describe('a run given back at shutdown', () => {
  it('is claimed again at once and loses no attempt by it', async () => {
    const { id, table } = await copyPipeline({ retry: RETRY(1) });
    const runId = await shop.start(id);
    const release = await holdTable(table);
    const control = createRunControl();
    const running = shop.execute(await shop.claim(), {}, control);
    await waitForBlockedRun();
    control.stop('released');
    expect((await running).end).toBe('released');
    await release();
    expect((await shop.execute(await shop.claim())).end).toBe('succeeded');
    expect(await rowsIn(table)).toBe(1000);
    const run = await getRun(shop.ctx, { id: runId });
    expect(run.attempts.map((attempt) => attempt.status)).toEqual(['lost', 'succeeded']);
  });
});

describe('claimRuns', () => {
  it('gives each run to one of many racing runners', async () => {
    const ids = [];
    for (let i = 0; i < 8; i += 1) ids.push((await copyPipeline()).id);
    const started = await Promise.all(ids.map((id) => shop.start(id)));
    const claims = await Promise.all(
      Array.from({ length: 12 }, (_, i) => claimRuns(db.worker, { runner: `r${i}`, leaseMs: 30_000, limit: 2 })),
    );
    expect(
      claims
        .flat()
        .map((claim) => claim.runId)
        .sort(),
    ).toEqual([...started].sort());
  });

  it('keeps a pipeline’s and a tenant’s limits under racing claims', async () => {
    const { id } = await copyPipeline();
    for (let i = 0; i < 5; i += 1) await shop.start(id);
    const racing = () =>
      Promise.all(
        Array.from({ length: 6 }, (_, i) => claimRuns(db.worker, { runner: `r${i}`, leaseMs: 30_000, limit: 5 })),
      );
    expect((await racing()).flat()).toHaveLength(1);
    await db.owner`delete from run_queue`;
    await db.owner`update tenants set max_concurrent_runs = 3 where id = ${shop.tenant.id}`;
    for (let i = 0; i < 6; i += 1) await shop.start((await copyPipeline()).id);
    expect((await racing()).flat()).toHaveLength(3);
    await db.owner`update tenants set max_concurrent_runs = 8 where id = ${shop.tenant.id}`;
  });

  it('lets another tenant’s single run go before the rest of a backlog', async () => {
    await db.owner`insert into run_queue (run_id, tenant_id, pipeline_id, priority)
      select ms_uuid(), ${shop.tenant.id}, ms_uuid(), 5 from generate_series(1, 1000)`;
    const small = await openWorkshop(db, 'small');
    await small.sql('create table one (n int primary key)');
    const lone = await small.start(await small.pipeline('lone', { nodes: copyTable('one', 'one_copy') }));
    const claims = await claimRuns(db.worker, { runner: 'r', leaseMs: 30_000, limit: 2 });
    expect(claims.map((claim) => claim.tenantId)).toContain(small.tenant.id);
    expect(claims.map((claim) => claim.runId)).toContain(lone);
  });

  it('does not let waiting runs of a full pipeline hide another pipeline', async () => {
    const { id: full } = await copyPipeline();
    await db.owner`insert into run_queue (run_id, tenant_id, pipeline_id)
      select ms_uuid(), ${shop.tenant.id}, ${full} from generate_series(1, 1000)`;
    const { id: free } = await copyPipeline();
    const wanted = await shop.start(free);
    const first = await claimRuns(db.worker, { runner: 'r', leaseMs: 30_000, limit: 5 });
    const second = await claimRuns(db.worker, { runner: 'r', leaseMs: 30_000, limit: 5 });
    expect(first).toHaveLength(1);
    expect(second.map((claim) => claim.runId)).toEqual([wanted]);
  });

  it('leaves a suspended tenant’s runs where they are', async () => {
    const { id } = await copyPipeline();
    await shop.start(id);
    await db.owner`update tenants set status = 'suspended' where id = ${shop.tenant.id}`;
    expect(await claimRuns(db.worker, { runner: 'r', leaseMs: 30_000, limit: 5 })).toEqual([]);
    await db.owner`update tenants set status = 'active' where id = ${shop.tenant.id}`;
    expect(await claimRuns(db.worker, { runner: 'r', leaseMs: 30_000, limit: 5 })).toHaveLength(1);
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
