// The runner's own rules, on jobs made for them; what each real job does is tested beside it.
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { forEachTenant, type JobContext } from '#server/jobs/index.ts';
import { createLogger, transaction } from '#server/lib/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { type CronDependencies, type CronJob, runJob, UNCONFIGURED_JOBS } from './index.ts';

const db = await testDatabase();
const log = createLogger({ level: 'silent', tier: 'test' });
const SLOT = new Date('2026-03-01T04:30:00Z');

const job = (name: string, run: CronJob['run'], more: Partial<CronJob> = {}): CronJob => ({
  ...{ name, path: name, summary: name, schedule: null, timeoutMs: 60_000 },
  ...{ run, ...more },
});
const depsOf = (jobs: CronJob[], more: Partial<CronDependencies> = {}): CronDependencies => ({
  ...{ pool: db.worker, log, processId: 'one', config: UNCONFIGURED_JOBS, jobs },
  ...more,
});
const runsOf = (name: string) =>
  db.owner<{ outcome: string; attempt: number; error: string | null; counts: unknown; process: string }[]>`
    select outcome, attempt, error, counts, process_id as process from cron_runs where job = ${name} order by started_at`;
/** A gate that the test opens, and a sign that the job stands before it. */
function gate() {
  const reached = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  return {
    reached: reached.promise,
    open: opened.resolve,
    async pass() {
      reached.resolve();
      await opened.promise;
    },
  };
}

beforeAll(async () => {
  await createTenant(db.owner, { slug: 'acme', name: 'Acme' });
  await createTenant(db.owner, { slug: 'blue', name: 'Blue' });
  await db.owner`create table work_done (job text, by text)`;
  await db.owner.unsafe(`grant all on work_done to "${db.rolePrefix}_worker"`);
});
beforeEach(() => db.owner`truncate work_done`);

const workDone = async () => (await db.owner`select by from work_done order by by`).map((row) => row.by);
const doWork = (ctx: JobContext, by: string) =>
  transaction(ctx.pool, {}, async (tx) => {
    await ctx.fence(tx);
    await tx.execute(`insert into work_done values ('work', '${by}')`);
  });

describe('a job that is fired by nobody’s clock', () => {
  it('does its work once when fifty fire it at once, and tells the others that it is running', async () => {
    const door = gate();
    const one = job('fifty', async (ctx) => {
      await door.pass();
      await doWork(ctx, 'once');
      return { answer: { done: 1 } };
    });
    const calls = Array.from({ length: 50 }, () => runJob(depsOf([one]), 'fifty', { trigger: 'http' }));
    await door.reached;
    // All the others have their answers while the one is at it.
    const settled = new Set<number>();
    const watched = calls.map((call, index) => call.then(() => settled.add(index)));
    await expect.poll(() => settled.size, { timeout: 60_000 }).toBe(49);
    door.open();
    await Promise.all(watched);
    const answers = (await Promise.all(calls)).map(({ status, body }) => JSON.stringify([status, body]));
    expect(answers.filter((answer) => answer === '[200,{"ok":true,"skipped":"running"}]')).toHaveLength(49);
    expect(answers.filter((answer) => answer === '[200,{"ok":true,"done":1}]')).toHaveLength(1);
    expect(await workDone()).toEqual(['once']);
    expect(await runsOf('fifty')).toHaveLength(1);
  });

  it('runs again as often as it is called', async () => {
    const again = job('again', async (ctx) => {
      await doWork(ctx, 'again');
      return {};
    });
    for (let turn = 0; turn < 3; turn += 1)
      expect(await runJob(depsOf([again]), 'again', { trigger: 'http' })).toMatchObject({ outcome: 'succeeded' });
    expect(await workDone()).toEqual(['again', 'again', 'again']);
  });
});

describe('a slot', () => {
  it('gets one run of the job, however many fire it and whenever', async () => {
    const slotted = job('slotted', async (ctx) => {
      await doWork(ctx, 'slot');
      return {};
    });
    const fire = (slot: Date) => runJob(depsOf([slotted]), 'slotted', { trigger: 'schedule', slot });
    await Promise.all(Array.from({ length: 20 }, () => fire(SLOT)));
    expect((await fire(SLOT)).body).toEqual({ ok: true, skipped: 'done' });
    expect(await workDone()).toEqual(['slot']);
    await fire(new Date(SLOT.getTime() + 60_000));
    expect(await workDone()).toEqual(['slot', 'slot']);
    // Who calls without a slot is not kept from running by one.
    await runJob(depsOf([slotted]), 'slotted', { trigger: 'http' });
    expect(await workDone()).toHaveLength(3);
  });

  it('whose run failed may be tried again, under the same row', async () => {
    let isBroken = true;
    const flaky = job('flaky', async () => {
      if (isBroken) throw new Error('the disk is full');
      return { counts: { done: 2 } };
    });
    const fire = () => runJob(depsOf([flaky]), 'flaky', { trigger: 'schedule', slot: SLOT });
    const failed = await fire();
    expect([failed.status, failed.body]).toEqual([
      500,
      { ok: false, errors: [{ message: expect.stringContaining('the disk is full') }] },
    ]);
    isBroken = false;
    expect(await fire()).toMatchObject({ status: 200, outcome: 'succeeded' });
    expect(await runsOf('flaky')).toEqual([
      { outcome: 'succeeded', attempt: 2, error: null, counts: { done: 2 }, process: 'one' },
    ]);
  });
});

describe('a lease', () => {
  it('is taken over when its holder fell silent, and what the holder then does counts for nothing', async () => {
    const door = gate();
    const isSecond = { now: false };
    const stale = job('stale', async (ctx) => {
      const by = ctx.processId;
      if (!isSecond.now) {
        await door.pass();
        const write = await doWork(ctx, by).then(
          () => 'written',
          (error: unknown) => (error as { code?: string }).code,
        );
        return { answer: { write } };
      }
      await doWork(ctx, by);
      return {};
    });
    // A holder whose heartbeats do not come through, for a long lease as a frozen process has it.
    const first = runJob(depsOf([stale], { processId: 'frozen' }), 'stale', { trigger: 'schedule', slot: SLOT });
    await door.reached;
    await db.owner`update cron_runs set lease_until = now() - interval '1 second' where job = 'stale'`;
    isSecond.now = true;
    const second = await runJob(depsOf([stale], { processId: 'taker' }), 'stale', { trigger: 'schedule', slot: SLOT });
    expect(second).toMatchObject({ status: 200, outcome: 'succeeded' });
    door.open();
    const late = await first;
    expect([late.status, late.body.ok]).toEqual([500, false]);
    expect(await workDone()).toEqual(['taker']);
    expect(await runsOf('stale')).toEqual([
      { outcome: 'succeeded', attempt: 2, error: null, counts: {}, process: 'taker' },
    ]);
  });

  it('leaves the row of a silent holder as abandoned when the next run is another', async () => {
    const door = gate();
    const silent = job('silent', async (ctx) => {
      if (ctx.processId === 'frozen') await door.pass();
      return {};
    });
    const first = runJob(depsOf([silent], { processId: 'frozen' }), 'silent', { trigger: 'http' });
    await door.reached;
    await db.owner`update cron_runs set lease_until = now() - interval '1 second' where job = 'silent'`;
    expect(await runJob(depsOf([silent]), 'silent', { trigger: 'http' })).toMatchObject({ status: 200 });
    door.open();
    expect(await first).toMatchObject({ status: 500 });
    const runs = await runsOf('silent');
    expect(runs.map((run) => [run.process, run.outcome])).toEqual([
      ['frozen', 'abandoned'],
      ['one', 'succeeded'],
    ]);
    expect(runs[0]?.error).toContain('process frozen stopped renewing');
  });

  it('is not taken from a holder in the middle of a fenced transaction until that has ended', async () => {
    const door = gate();
    const order: string[] = [];
    const careful = job('careful', async (ctx) => {
      if (ctx.processId === 'taker') {
        order.push('taker');
        return {};
      }
      await transaction(ctx.pool, {}, async (tx) => {
        await ctx.fence(tx);
        await tx.execute(`insert into work_done values ('work', 'holder')`);
        await door.pass();
        order.push('holder');
      });
      return {};
    });
    const first = runJob(depsOf([careful], { processId: 'holder' }), 'careful', { trigger: 'http' });
    await door.reached;
    await db.owner`update cron_runs set lease_until = now() - interval '1 second' where job = 'careful'`;
    const second = runJob(depsOf([careful], { processId: 'taker' }), 'careful', { trigger: 'http' });
    // The taker stands at the lease before the holder goes on.
    await expect
      .poll(
        async () =>
          (await db.owner`select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`)
            .length,
        { timeout: 60_000 },
      )
      .toBeGreaterThan(0);
    door.open();
    await Promise.all([first, second]);
    expect(order).toEqual(['holder', 'taker']);
    expect(await workDone()).toEqual(['holder']);
  });

  it('is renewed while the job works', { timeout: 60_000 }, async () => {
    const leases = () => db.owner<{ until: string }[]>`
      select lease_until::text as until from cron_runs where job = 'long' and outcome = 'running'`;
    const long = job('long', async (ctx) => {
      const [first] = await leases();
      for (;;) {
        ctx.signal.throwIfAborted();
        const [now] = await leases();
        if (first && now && now.until > first.until) return {};
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    });
    expect(await runJob(depsOf([long], { leaseMs: 15_000 }), 'long', { trigger: 'http' })).toMatchObject({
      outcome: 'succeeded',
    });
  });
});

describe('a run', () => {
  const untilAborted = (ctx: JobContext) =>
    new Promise<never>((_resolve, reject) =>
      ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason), { once: true }),
    );

  it('is stopped at its time limit by its signal, and says so', async () => {
    const slow = job('slow', untilAborted, { timeoutMs: 50 });
    const answer = await runJob(depsOf([slow]), 'slow', { trigger: 'http' });
    expect(answer.status).toBe(500);
    expect(await runsOf('slow')).toMatchObject([
      { outcome: 'failed', error: expect.stringContaining('time limit of 50 ms') },
    ]);
  });

  it('is stopped when its process ends, and its lease is free for another at once', async () => {
    const door = gate();
    const waiting = job('waiting', async (ctx) => {
      if (ctx.processId === 'next') return {};
      void door.pass();
      return untilAborted(ctx);
    });
    const stopping = new AbortController();
    const run = runJob(depsOf([waiting], { stopping: stopping.signal }), 'waiting', { trigger: 'http' });
    await door.reached;
    stopping.abort();
    expect((await run).status).toBe(500);
    expect(await runJob(depsOf([waiting], { processId: 'next' }), 'waiting', { trigger: 'http' })).toMatchObject({
      outcome: 'succeeded',
    });
  });

  it('does the other tenants when one fails, and reports the one', async () => {
    const partly = job('partly', async (ctx) => ({
      perTenant: await forEachTenant(ctx, async (tenant) => {
        if (tenant.slug === 'acme') throw new Error('acme is locked');
        await doWork(ctx, tenant.slug);
        return { counts: { rows: 3 } };
      }),
    }));
    const answer = await runJob(depsOf([partly]), 'partly', { trigger: 'http' });
    expect([answer.status, answer.outcome]).toEqual([200, 'partial']);
    expect(answer.body).toEqual({
      ok: true,
      errors: [{ tenantId: expect.any(String), tenant: 'acme', message: expect.stringContaining('acme is locked') }],
    });
    expect(await workDone()).toEqual(['blue']);
    expect(await runsOf('partly')).toMatchObject([{ outcome: 'partial', counts: { rows: 3 } }]);
  });

  it('has failed when every tenant failed', async () => {
    const none = job('none', async (ctx) => ({
      perTenant: await forEachTenant(ctx, async () => {
        throw new Error('no luck');
      }),
    }));
    const answer = await runJob(depsOf([none]), 'none', { trigger: 'http' });
    expect([answer.status, answer.body.ok]).toEqual([500, false]);
    expect(await runsOf('none')).toMatchObject([{ outcome: 'failed', error: 'all 2 tenants failed' }]);
  });

  it('of a job that there is not is refused with the names of those that there are', async () => {
    await expect(runJob(depsOf([]), 'nothing', { trigger: 'http' })).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
  });
});
