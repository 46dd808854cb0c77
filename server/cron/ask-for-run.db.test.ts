// Who asks for a run that is asked for already leaves no request of their own: the run that waits must be in time for them.
import { beforeEach, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { askForRun, CLAIM_LOCK } from '#server/jobs/index.ts';
import { createLogger, type Tx, transaction } from '#server/lib/index.ts';
import { type CronDependencies, type CronJob, readPlan, runJob, UNCONFIGURED_JOBS } from './index.ts';

const db = await testDatabase();
/** What each run found to do. */
const found: number[] = [];
const work: CronJob = {
  ...{ name: 'work', path: 'work', summary: 'Works.', schedule: null, timeoutMs: 60_000 },
  async run() {
    const [left] = await db.owner<{ n: number }[]>`select count(*)::int as n from cron_requests where job = 'to do'`;
    found.push(left!.n);
    return {};
  },
};
const deps: CronDependencies = {
  ...{ pool: db.worker, log: createLogger({ level: 'silent', tier: 'test' }), processId: 'w' },
  ...{ config: UNCONFIGURED_JOBS, jobs: [work] },
};
const ask = (tx: Tx) => askForRun(tx, { job: 'work', params: { dsar: '1' }, requestedBy: 'test' });
const waiting = () => db.owner`select from cron_requests where job = 'work'`;
const turn = async () => {
  const { fire } = await readPlan(db.worker, new Map());
  return Promise.all(fire.filter(({ job }) => job === 'work').map(({ job, firing }) => runJob(deps, job, firing)));
};
const isClaimWaiting = async () => {
  const rows = await db.owner`select from pg_locks where locktype = 'advisory' and not granted
    and database = (select oid from pg_database where datname = current_database())`;
  return rows.length > 0;
};

beforeEach(async () => {
  found.length = 0;
  await db.owner`truncate cron_jobs, cron_runs, cron_requests`;
});

it('a run whose claim comes before the commit waits for it, and finds what was committed', async () => {
  await transaction(db.app, {}, ask);
  const [asked, committing] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const asking = transaction(db.app, {}, async (tx) => {
    await ask(tx);
    await askForRun(tx, { job: 'to do', params: {}, requestedBy: 'test' });
    asked.resolve();
    await committing.promise;
  });
  await asked.promise;
  const running = turn();
  await expect.poll(isClaimWaiting, { timeout: 20_000 }).toBe(true);
  expect(await waiting()).toHaveLength(1);
  committing.resolve();
  await asking;
  expect(await running).toMatchObject([{ outcome: 'succeeded' }]);
  expect(found).toEqual([1]);
  expect(await waiting()).toHaveLength(0);
});

it('who comes while the waiting run is being claimed leaves a request of their own', async () => {
  await transaction(db.app, {}, ask);
  await db.owner.begin(async (claim) => {
    await claim`select pg_advisory_xact_lock(${CLAIM_LOCK}::int, hashtext('work'))`;
    await claim`delete from cron_requests`;
    await transaction(db.app, {}, ask);
  });
  expect(await waiting()).toHaveLength(1);
});
