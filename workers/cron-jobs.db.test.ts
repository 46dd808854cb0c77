// The cron tier in real worker processes: kills in the middle of the cleanup, and who fires what. Three kills here;
// `npm run chaos:cron` does twenty at every point. The other jobs: cron-kills, and their rooms' tests.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { createTenant, type Tenant } from '#server/tenancy/index.ts';
import { startWorker, type WorkerProcess } from './testing/worker-process.ts';

const CRON_SECRET = 'a-cron-secret-for-this-test';
const db = await testDatabase();
const filesDir = await mkdtemp(join(tmpdir(), 'mainspring-cron-'));
const workers: WorkerProcess[] = [];
let tenants: Tenant[];

afterAll(() => Promise.all(workers.map((worker) => worker.kill())));
beforeAll(async () => {
  tenants = [
    await createTenant(db.owner, { slug: 'acme', name: 'Acme' }),
    await createTenant(db.owner, { slug: 'blue', name: 'Blue' }),
  ];
});

const start = async (name: string, env: Record<string, string> = {}) => {
  const worker = await startWorker(db, {
    ...{ name, cronSecret: CRON_SECRET, filesDir },
    env: {
      CRON_MODE: 'http',
      MAINSPRING_HOME: filesDir,
      OUTBOX_IN_WORKER: 'false',
      ...env,
    },
  });
  workers.push(worker);
  return worker;
};
const call = (base: string, path: string, init: RequestInit = {}) => fetch(`${base}/api/v1/cron/${path}`, init);
const withSecret = (secret: string) => ({ method: 'POST', headers: { 'x-cron-secret': secret } });

/** Old and young keys of each tenant, half and half; `count` old ones in all. */
async function makeOld(count: number): Promise<void> {
  for (const tenant of tenants)
    await db.owner`insert into idempotency_keys (tenant_id, operation, key, request_hash, created_at)
      select ${tenant.id}, age, gen_random_uuid()::text, '', case age when 'old' then now() - interval '40 days' else now() end
      from generate_series(1, ${count / tenants.length}), (values ('old'), ('young')) ages(age)`;
}
const keysLeft = async () => [
  ...(await db.owner<
    { age: string; n: number }[]
  >`select operation as age, count(*)::int as n from idempotency_keys group by 1 order by 1`),
];

const POINTS = [
  'cleanup.stretch:2',
  'cleanup.claimed',
  'cleanup.before-finish',
  'cleanup.partitions',
  'cleanup.batch:2',
  'cleanup.stretch:5',
];
const KILLS = process.env.CHAOS_KILLS ? Number(process.env.CHAOS_KILLS) * POINTS.length : 3;
const pointOf = (kill: number) => POINTS[kill % POINTS.length]!;
const startVictim = (kill: number) =>
  start(`victim-${kill}`, { FAIL_POINT: pointOf(kill), CRON_LEASE_SECONDS: '3' }).catch((error: unknown) => {
    throw new Error(`victim ${kill} did not start`, { cause: error });
  });

test('a cleanup that is killed anywhere is finished by one more run', { timeout: (KILLS + 2) * 120_000 }, async () => {
  await db.owner`truncate idempotency_keys`;
  const survivor = await start('survivor');
  let coming = startVictim(0);
  for (let kill = 0; kill < KILLS; kill += 1) {
    await db.owner`truncate cron_jobs, cron_runs, idempotency_keys`;
    await makeOld(40_000);
    const point = pointOf(kill);
    const victim = await coming;
    // Its connection breaks off: the process has killed itself.
    await expect(call(victim.url, 'cleanup', withSecret(CRON_SECRET)), point).rejects.toThrow();
    const [left] = await db.owner<{ outcome: string }[]>`select outcome from cron_runs where job = 'cleanup'`;
    expect([point, left?.outcome]).toEqual([point, 'running']);
    // The next one starts meanwhile.
    if (kill + 1 < KILLS) coming = startVictim(kill + 1);
    coming.catch(() => {});
    // While its lease lasts nobody else is let at it; then the next run is.
    const answer = await untilRun(survivor.url);
    expect([point, answer]).toEqual([point, expect.objectContaining({ ok: true, deleted: expect.anything() })]);
    expect([point, await keysLeft()]).toEqual([point, [{ age: 'young', n: 40_000 }]]);
    const outcomes = await db.owner<
      { outcome: string }[]
    >`select outcome from cron_runs where job = 'cleanup' order by started_at`;
    expect([point, outcomes.map((row) => row.outcome)]).toEqual([point, ['abandoned', 'succeeded']]);
  }
});

/** Calls until the lease of the dead has run out and the job is done. */
async function untilRun(base: string): Promise<Record<string, unknown>> {
  const deadline = Date.now() + 90_000;
  while (Date.now() < deadline) {
    const answer = (await (await call(base, 'cleanup', withSecret(CRON_SECRET))).json()) as Record<string, unknown>;
    if (answer.skipped !== 'running') return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the lease of the killed run did not run out');
}

test('a worker takes what an operator asked for, and fires what is due by itself', { timeout: 180_000 }, async () => {
  await db.owner`truncate cron_jobs, cron_runs, cron_requests`;
  await start('firing', { CRON_MODE: 'worker', CRON_SCHEDULES: 'outboxReaper=0 0 1 1 *;flowSchedulerTick=off' });
  await expect
    .poll(async () => (await db.owner`select schedule from cron_jobs where job = 'outboxReaper'`)[0]?.schedule, {
      timeout: 90_000,
    })
    .toBe('0 0 1 1 *');
  await db.owner`insert into cron_requests (job, requested_by) values ('cleanup', 'ops@example.org')`;
  await db.owner`update cron_jobs set next_fire_at = now() where job = 'outboxReaper'`;
  const outcomes = () => db.owner`select job, trigger, requested_by as by, outcome from cron_runs
    where job in ('cleanup', 'outboxReaper') and outcome <> 'running' order by job`;
  await expect.poll(async () => (await outcomes()).length, { timeout: 90_000 }).toBe(2);
  expect([...(await outcomes())]).toEqual([
    { job: 'cleanup', trigger: 'operator', by: 'ops@example.org', outcome: 'succeeded' },
    { job: 'outboxReaper', trigger: 'schedule', by: '', outcome: 'succeeded' },
  ]);
});

test('a schedule that cannot be read ends the worker with exit code 2 and its name', { timeout: 120_000 }, async () => {
  await expect(start('misled', { CRON_SCHEDULES: 'cleanup=tomorrow' })).rejects.toThrow(
    /ended with 2:[\s\S]*CRON_SCHEDULES: "cleanup=tomorrow"/,
  );
});
