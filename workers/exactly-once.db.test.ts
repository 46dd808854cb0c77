// The promise itself, from the outside: real worker processes, HTTP ticks by the dozen, kills in the middle of runs.
// Short here; `npm run chaos:scheduler` is the same for two minutes.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { createLogger, transaction } from '#server/lib/index.ts';
import { createPipeline, publishVersion } from '#server/pipelines/index.ts';
import { type Ctx, createTenant, findTenantData } from '#server/tenancy/index.ts';
import { startWorker, type WorkerProcess } from './testing/worker-process.ts';

const SECONDS = Number(process.env.CHAOS_SECONDS ?? 20);
const SCHEDULES = 40;
const ROWS_PER_RUN = 500;
const KILLS = 3;
const CRON_SECRET = 'a-cron-secret-for-this-test';
/** Leases must run out within the test. */
const WORKER_ENV = {
  RUN_LEASE_SECONDS: '3',
  RUN_POLL_SECONDS: '1',
  RUNNER_CONCURRENCY: '4',
  TICK_MAX_SLEEP_SECONDS: '1',
};

const db = await testDatabase();
const filesDir = await mkdtemp(join(tmpdir(), 'mainspring-chaos-'));
const workers: WorkerProcess[] = [];
afterAll(() => Promise.all(workers.map((worker) => worker.kill())));

const start = async (name: string, more: Record<string, string> = {}) => {
  const env = { ...WORKER_ENV, ...more };
  const worker = await startWorker(db, { name, cronSecret: CRON_SECRET, filesDir, env });
  workers.push(worker);
  return worker;
};

const document = (index: number) => ({
  kind: 'pipeline',
  version: '1.0',
  metadata: { name: `chaos-${index}` },
  schedule: { kind: 'interval', minutes: 1 },
  nodes: [
    { id: 'numbers', kind: 'source', config: { type: 'table', table: 'numbers' } },
    {
      id: 'stamped',
      kind: 'derive',
      inputs: ['numbers'],
      config: { columns: [{ name: 'run_id', expression: 'run.id::text' }] },
    },
    {
      id: 'out',
      kind: 'target',
      inputs: ['stamped'],
      config: { type: 'table', table: `out_${index}`, mode: 'append' },
    },
  ],
  errorHandling: { retry: { maxAttempts: 10, backoff: { initialSeconds: 0, factor: 1, maxSeconds: 1 } } },
});

/** Empty ledger and targets, and live pipelines that are not due yet. */
async function prepare(): Promise<{ schema: string }> {
  const tenant = await createTenant(db.owner, { slug: 'chaos', name: 'Chaos' });
  const data = await transaction(db.owner, { tenantId: tenant.id }, (tx) => findTenantData(tx, tenant.id));
  await db.owner.unsafe(`set role "${data.roleName}"; create table if not exists "${data.schemaName}".numbers (n int primary key);
    insert into "${data.schemaName}".numbers select generate_series(1, ${ROWS_PER_RUN}) on conflict do nothing; reset role`);
  for (let index = 0; index < SCHEDULES; index += 1)
    await db.owner.unsafe(`drop table if exists "${data.schemaName}"."out_${index}"`);
  await db.owner`truncate pipelines cascade`;
  const ctx: Ctx = {
    pool: db.app,
    tenant,
    actor: { kind: 'system', id: 'test' },
    requestId: 'chaos',
    log: createLogger({ level: 'error', tier: 'test' }),
  };
  for (let index = 0; index < SCHEDULES; index += 1) {
    const made = await createPipeline(ctx, { document: document(index) });
    await publishVersion(ctx, { id: made.id });
  }
  await db.owner`update schedules set next_fire_at = now() + interval '1 hour'`;
  return { schema: data.schemaName };
}

/** The instants are spread over the test's time: a schedule of every minute would fire once in it. */
const spreadFires = () =>
  db.owner`update schedules
    set next_fire_at = date_trunc('milliseconds', now()) + random() * ${SECONDS * 0.7}::float8 * interval '1 second'`;

type Answer = { skipped: boolean; due?: number; fired?: number };

/** Forty callers at once, over and over, at whichever workers are up. Only what a dead worker cannot answer fails. */
async function hammerTicks(until: number): Promise<{ answers: Answer[]; slowestMs: number }> {
  const answers: Answer[] = [];
  let slowestMs = 0;
  const caller = async (index: number) => {
    while (Date.now() < until) {
      const alive = workers.slice(-2);
      const url = alive[index % alive.length]?.url;
      const started = performance.now();
      const response = await fetch(`${url}/api/v1/cron/flow-scheduler-tick`, {
        method: 'POST',
        headers: { 'x-cron-secret': CRON_SECRET },
      }).catch(() => null);
      if (response) {
        expect(response.status).toBe(200);
        answers.push((await response.json().catch(() => ({ skipped: true }))) as Answer);
        slowestMs = Math.max(slowestMs, performance.now() - started);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  await Promise.all(Array.from({ length: 40 }, (_, index) => caller(index)));
  return { answers, slowestMs };
}

async function killInTheMiddle(until: number): Promise<number> {
  let kills = 0;
  const pauseMs = (until - Date.now()) / (KILLS + 1);
  for (let turn = 0; turn < KILLS; turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    await killAtWork(workers.at(-1)!);
    kills += 1;
    await start(`worker-${turn + 3}`);
  }
  return kills;
}

/**
 * Kills a worker that has a run in its hands; of one that has none for three seconds it is not waited for. It is frozen for the look, or it
 * would end a run of some milliseconds between look and kill.
 */
async function killAtWork(victim: WorkerProcess): Promise<void> {
  const holdsRun = async () =>
    (await db.owner`select 1 from run_queue where claimed_by = ${victim.name} limit 1`).length > 0;
  const deadline = Date.now() + 3_000;
  while (Date.now() < deadline) {
    if (await holdsRun()) {
      victim.freeze();
      // What it had sent by then is done.
      await new Promise((resolve) => setTimeout(resolve, 50));
      if (await holdsRun()) break;
      victim.thaw();
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await victim.kill();
}

async function waitForQuiet(): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    const [row] = await db.owner<{ waiting: number }[]>`select count(*)::int as waiting from run_queue`;
    if (row?.waiting === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error('runs were still queued a minute after the last kill');
}

type Ledger = {
  instants: number;
  firing: number;
  runs: number;
  distinctRuns: number;
  unexplained: number;
  lostAttempts: number;
};

async function readLedger(): Promise<Ledger> {
  const [row] = await db.owner<Ledger[]>`
    select coalesce(sum(count), 0)::int as instants, (count(*) filter (where verdict in ('fired', 'late')))::int as firing,
      (select count(*)::int from runs) as runs,
      (select count(distinct (schedule_id, scheduled_for))::int from runs) as "distinctRuns",
      (count(*) filter (where (verdict in ('fired', 'late')) <> (run_id is not null)))::int as unexplained,
      (select count(*)::int from run_attempts where status = 'lost') as "lostAttempts"
    from occurrences`;
  return row!;
}

const statuses = async () => [
  ...(await db.owner<{ status: string; count: number }[]>`select status, count(*)::int as count from runs group by 1`),
];

/** No schedule fires again while the runs drain. */
async function drain(): Promise<void> {
  await db.owner`update schedules set enabled = false`;
  await waitForQuiet();
}

const report = (what: string, figures: Record<string, unknown>) =>
  process.stdout.write(`exactly-once, ${what}: ${JSON.stringify({ seconds: SECONDS, ...figures })}\n`);

test('with forty callers at once the sum of what their ticks fired is what was due', {
  timeout: (SECONDS + 120) * 1_000,
}, async () => {
  await prepare();
  // Nobody ticks but the callers.
  await Promise.all([start('http-1', { CRON_MODE: 'http' }), start('http-2', { CRON_MODE: 'http' })]);
  await spreadFires();
  const { answers, slowestMs } = await hammerTicks(Date.now() + SECONDS * 1_000);
  await drain();
  const ledger = await readLedger();
  const fired = answers.reduce((sum, answer) => sum + (answer.fired ?? 0), 0);
  const due = answers.reduce((sum, answer) => sum + (answer.due ?? 0), 0);
  const skipped = answers.filter((one) => one.skipped).length;
  report('by HTTP', { httpTicks: answers.length, skipped, slowestMs: Math.round(slowestMs), fired, ...ledger });
  expect(fired).toBeGreaterThanOrEqual(SCHEDULES);
  expect(fired).toBe(ledger.firing);
  expect(due).toBe(ledger.instants);
  expect(ledger.runs).toBe(ledger.firing);
  expect(ledger.distinctRuns).toBe(ledger.runs);
  expect(await statuses()).toEqual([{ status: 'succeeded', count: ledger.firing }]);
  await Promise.all(workers.map((worker) => worker.stop()));
  workers.length = 0;
});

test('every occurrence has one verdict and at most one run, whoever ticks and whatever is killed', {
  timeout: (SECONDS + 120) * 1_000,
}, async () => {
  await db.owner`truncate occurrences, runs, run_queue, run_attempts, run_nodes`;
  const { schema } = await prepare();
  await Promise.all([start('worker-1'), start('worker-2')]);
  await spreadFires();
  const until = Date.now() + SECONDS * 1_000;
  const [{ answers, slowestMs }, kills] = await Promise.all([hammerTicks(until), killInTheMiddle(until)]);
  await drain();
  const ledger = await readLedger();
  const firedByHttp = answers.reduce((sum, answer) => sum + (answer.fired ?? 0), 0);
  report('with kills', { kills, httpTicks: answers.length, slowestMs: Math.round(slowestMs), firedByHttp, ...ledger });

  expect(kills).toBe(KILLS);
  // A kill that met no run would prove nothing.
  expect(ledger.lostAttempts).toBeGreaterThanOrEqual(1);
  expect(ledger.instants).toBeGreaterThanOrEqual(SCHEDULES);
  expect(ledger.runs).toBe(ledger.firing);
  expect(ledger.distinctRuns).toBe(ledger.runs);
  expect(ledger.unexplained).toBe(0);
  expect(firedByHttp).toBeLessThanOrEqual(ledger.firing);
  expect(await statuses()).toEqual([{ status: 'succeeded', count: ledger.firing }]);
  await expectNoGaps();
  await expectWholeTargets(schema);
});

/** Between the first instant of a schedule and its next fire, every instant of the grid is in the ledger. */
async function expectNoGaps(): Promise<void> {
  const [gaps] = await db.owner<{ missing: number }[]>`
    select count(*)::int as missing from (
      select o.schedule_id, s.next_fire_at, max(coalesce(o.due_until, o.due_at)) as last
      from occurrences o join schedules s on s.id = o.schedule_id group by 1, 2) x
    where next_fire_at - last > interval '1 minute'`;
  expect(gaps!.missing).toBe(0);
}

/** Each run's rows are all there, once, and nobody else's. */
async function expectWholeTargets(schema: string): Promise<void> {
  for (let index = 0; index < SCHEDULES; index += 1) {
    const found = await db.owner.unsafe<{ runId: string; rows: number; distinct: number }[]>(
      `select run_id as "runId", count(*)::int as rows, count(distinct n)::int as "distinct"
        from "${schema}"."out_${index}" group by 1 order by 1`,
    );
    const made = await db.owner<{ id: string }[]>`select r.id from runs r join pipelines p on p.id = r.pipeline_id
      where p.name = ${`chaos-${index}`} order by r.id::text`;
    expect([...found]).toEqual(made.map(({ id }) => ({ runId: id, rows: ROWS_PER_RUN, distinct: ROWS_PER_RUN })));
  }
}
