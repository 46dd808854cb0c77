// What the cron loop is told to do, with the database's clock as the judge: the test moves what is stored, not time.
import { beforeEach, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { createLogger } from '#server/lib/index.ts';
import {
  type CronDependencies,
  type CronJob,
  declareJobs,
  type JobSchedules,
  readPlan,
  runJob,
  UNCONFIGURED_JOBS,
} from './index.ts';

const db = await testDatabase();
const log = createLogger({ level: 'silent', tier: 'test' });
/** No boundary of it is near while the test runs. */
const yearly: JobSchedules = new Map([['work', '0 0 1 1 *']]);
let ran: string[] = [];
let broken: Error | null = null;
const work: CronJob = {
  ...{ name: 'work', path: 'work', summary: 'Works.', schedule: '0 0 1 1 *', timeoutMs: 10_000 },
  async run(ctx) {
    ran.push(ctx.processId);
    if (broken) throw broken;
    return {};
  },
};
const depsOf = (processId: string): CronDependencies => ({
  ...{ pool: db.worker, log, processId, config: UNCONFIGURED_JOBS, jobs: [work] },
});

beforeEach(async () => {
  ran = [];
  broken = null;
  await db.owner`truncate cron_jobs, cron_runs, cron_requests`;
  await declareJobs(db.worker, yearly, 'worker');
});

const missYears = (years: number) =>
  db.owner`update cron_jobs set next_fire_at = date_trunc('year', now()) - make_interval(years => ${years})`;
const nextFire = async () =>
  (
    await db.owner<
      { at: Date | null; late: boolean }[]
    >`select next_fire_at as at, next_fire_at <= now() as late from cron_jobs`
  )[0]!;
/** What a worker's turn does. */
async function turn(processId: string) {
  const { fire } = await readPlan(db.worker, yearly);
  return Promise.all(fire.map(({ job, firing }) => runJob(depsOf(processId), job, firing)));
}
const slots = async () =>
  (
    await db.owner<
      { slot: Date; outcome: string; attempt: number }[]
    >`select slot, outcome, attempt from cron_runs order by slot`
  ).map((row) => ({ ...row }));

describe('a schedule', () => {
  it('fires nothing of the past when it is new', async () => {
    expect((await readPlan(db.worker, yearly)).fire).toEqual([]);
    expect((await nextFire()).late).toBe(false);
  });

  it('makes up for the last of the fires that were missed while no worker ran, once, and moves on', async () => {
    await missYears(5);
    await declareJobs(db.worker, yearly, 'worker');
    expect(await turn('one')).toMatchObject([{ outcome: 'succeeded' }]);
    expect(await turn('one')).toEqual([]);
    const [year] = await db.owner<{ at: Date }[]>`select date_trunc('year', now()) as at`;
    expect(await slots()).toEqual([{ slot: year!.at, outcome: 'succeeded', attempt: 1 }]);
    expect((await nextFire()).late).toBe(false);
  });

  it('that changed forgets what it missed', async () => {
    await missYears(5);
    await declareJobs(db.worker, new Map([['work', '0 0 2 1 *']]), 'worker');
    expect((await readPlan(db.worker, new Map([['work', '0 0 2 1 *']]))).fire).toEqual([]);
  });

  it('fires nothing where only outside callers fire', async () => {
    await missYears(5);
    await declareJobs(db.worker, yearly, 'http');
    expect((await nextFire()).at).toBeNull();
    expect((await readPlan(db.worker, new Map())).fire).toEqual([]);
  });

  it('is fired once by four workers that wake at the same time', async () => {
    await missYears(0);
    const answers = (await Promise.all(['a', 'b', 'c', 'd'].map(turn))).flat();
    expect(answers.filter((one) => one.outcome === 'succeeded')).toHaveLength(1);
    expect(ran).toHaveLength(1);
    expect(await slots()).toHaveLength(1);
  });

  it('keeps a fire that found the job running, and fires it when the job is free', async () => {
    await missYears(0);
    const due = (await nextFire()).at;
    await db.owner`with run as (insert into cron_runs (job, process_id, lease_until) values ('work', 'busy', now() + interval '1 hour') returning id)
      update cron_jobs set run_id = (select id from run)`;
    for (const worker of ['one', 'two', 'one']) {
      expect(await turn(worker)).toMatchObject([{ outcome: 'skipped', body: { ok: true, skipped: 'running' } }]);
      expect(await nextFire()).toEqual({ at: due, late: true });
    }
    expect(ran).toEqual([]);
    await db.owner`update cron_runs set outcome = 'succeeded', lease_until = null, finished_at = now()`;
    await db.owner`update cron_jobs set run_id = null`;
    expect(await turn('two')).toMatchObject([{ outcome: 'succeeded' }]);
    expect(await turn('one')).toEqual([]);
    expect(ran).toEqual(['two']);
    expect((await nextFire()).late).toBe(false);
    expect(await db.owner`select slot from cron_runs where slot is not null`).toEqual([{ slot: due }]);
  });

  it('whose worker died at it is fired by another when the lease has run out, though it moved on', async () => {
    await missYears(0);
    const { fire } = await readPlan(db.worker, yearly);
    // Claimed, and the next fire moved on with it; then the process is gone.
    const { job, firing } = fire[0]!;
    const dead: CronJob = {
      ...work,
      run: ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    };
    const stopping = new AbortController();
    const dying = runJob({ ...depsOf('dead'), jobs: [dead], stopping: stopping.signal }, job, firing);
    await expect.poll(async () => (await slots()).length).toBe(1);
    expect((await nextFire()).late).toBe(false);
    await db.owner`update cron_runs set lease_until = now() - interval '1 second'`;
    expect(await turn('heir')).toMatchObject([{ outcome: 'succeeded' }]);
    expect(ran).toEqual(['heir']);
    expect(await slots()).toMatchObject([{ outcome: 'succeeded', attempt: 2 }]);
    stopping.abort();
    await dying;
    expect(await slots()).toMatchObject([{ outcome: 'succeeded', attempt: 2 }]);
  });
});

describe('a scheduled run that was cut short', () => {
  it('by a death is gone on with when its lease has run out, three times in all', async () => {
    await missYears(0);
    await turn('one');
    for (const attempt of [1, 2]) {
      await db.owner`update cron_runs set outcome = 'running', attempt = ${attempt}, lease_until = now() - interval '1 second'`;
      await db.owner`update cron_jobs set run_id = (select id from cron_runs)`;
      expect(await turn('next')).toMatchObject([{ outcome: 'succeeded' }]);
      expect(await slots()).toMatchObject([{ outcome: 'succeeded', attempt: attempt + 1 }]);
    }
    await db.owner`update cron_runs set outcome = 'abandoned', attempt = 3`;
    expect(await turn('next')).toEqual([]);
    expect(ran).toEqual(['one', 'next', 'next']);
  });

  it('by the stop of its process is gone on with by the next', async () => {
    await missYears(0);
    const stopping = AbortSignal.abort();
    broken = new Error('never seen: the run is stopped first');
    const { fire } = await readPlan(db.worker, yearly);
    const stopped: CronJob = { ...work, run: async (ctx) => ctx.signal.throwIfAborted() as never };
    for (const { job, firing } of fire) await runJob({ ...depsOf('old'), jobs: [stopped], stopping }, job, firing);
    expect(await slots()).toMatchObject([{ outcome: 'abandoned' }]);
    broken = null;
    expect(await turn('new')).toMatchObject([{ outcome: 'succeeded' }]);
    expect(await slots()).toMatchObject([{ outcome: 'succeeded', attempt: 2 }]);
  });

  it('by an error of its own is left for the next slot', async () => {
    await missYears(0);
    broken = new Error('out of order');
    expect(await turn('one')).toMatchObject([{ status: 500 }]);
    expect(await turn('one')).toEqual([]);
  });
});

describe("an operator's request", () => {
  const request = () => db.owner`insert into cron_requests (job, requested_by) values ('work', 'ops@example.org')`;

  it('of one job is read however many of another wait, oldest first', async () => {
    await db.owner`insert into cron_requests (job, requested_by) select 'busy', n::text from generate_series(1, 200) n order by n`;
    await request();
    const read = (await readPlan(db.worker, yearly)).fire.map(({ job, firing }) => [job, firing.requestedBy]);
    expect(read).toEqual([
      ['busy', '1'],
      ['work', 'ops@example.org'],
    ]);
  });

  it('is taken by one worker and leaves the next fire where it was', async () => {
    const before = await nextFire();
    await request();
    const answers = (await Promise.all(['a', 'b'].map(turn))).flat();
    expect(answers.filter((one) => one.outcome === 'succeeded')).toHaveLength(1);
    expect(await db.owner`select from cron_requests`).toHaveLength(0);
    expect(await db.owner`select trigger, requested_by, slot from cron_runs`).toEqual([
      { trigger: 'operator', requested_by: 'ops@example.org', slot: null },
    ]);
    expect(await nextFire()).toEqual(before);
  });
});
