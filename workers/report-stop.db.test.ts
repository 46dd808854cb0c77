// A worker that is told to stop while it makes a report, for its loop or for a call from outside.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { startWorker, type WorkerProcess } from './testing/worker-process.ts';

const CRON_SECRET = 'a-cron-secret-for-this-test';
const DRAIN_SECONDS = 15;
const db = await testDatabase();
const filesDir = await mkdtemp(join(tmpdir(), 'mainspring-reports-'));
const workers: WorkerProcess[] = [];
let tenantId: string;

beforeAll(async () => {
  tenantId = (await createTenant(db.owner, { slug: 'acme', name: 'Acme' })).id;
});
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.kill()));
  await rm(filesDir, { recursive: true, force: true });
});

async function start(name: string): Promise<WorkerProcess> {
  const worker = await startWorker(db, {
    ...{ name, cronSecret: CRON_SECRET, filesDir },
    env: {
      ...{ CRON_MODE: 'http', MAINSPRING_HOME: filesDir, OUTBOX_IN_WORKER: 'false' },
      SHUTDOWN_DRAIN_SECONDS: String(DRAIN_SECONDS),
    },
  });
  workers.push(worker);
  return worker;
}
const eventually = (look: () => Promise<void>) => vi.waitFor(look, { timeout: 120_000, interval: 100 });
const schedule = () => db.owner`select next_at, covered_to, last_error from report_schedules`;
const reports = () => db.owner<{ from: Date }[]>`select period_from as from from reports`;
/** Statements of reports that wait for the table which they tell of. */
const waiting = () => db.owner`select from pg_locks l join pg_stat_activity a using (pid) where not l.granted
  and l.relation = 'retention_purges'::regclass and a.query like '%finished_at >=%'`;

/** The loops of reports look now, or not before tomorrow. */
const turnReports = (when: 'now' | 'tomorrow') =>
  db.owner`update alert_loop set reports_next_at = now() + ${when === 'now' ? '0' : '1 day'}::interval`;

async function lockPurges() {
  const [locked, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const locking = db.owner.begin(async (tx) => {
    await tx`lock table retention_purges in access exclusive mode`;
    locked.resolve();
    await release.promise;
  });
  await locked.promise;
  return async () => {
    release.resolve();
    await locking;
  };
}

test.each(['its loop', 'a call from outside'])(
  'a worker that stops while it makes a report for %s ends it at once, and the next one makes the report',
  { timeout: 400_000 },
  async (by) => {
    await db.owner`truncate reports, report_schedules cascade`;
    // Once a year, so that nothing else falls due meanwhile.
    await db.owner`insert into report_schedules (tenant_id, name, template, cron, timezone, channels, next_at, covered_to, created_by)
      values (${tenantId}, 'slow', 'retention_receipt', '0 0 1 1 *', 'UTC', '[{"kind": "log"}]', date_trunc('year', now()),
        date_trunc('year', now()) - interval '1 year', 'test')`;
    const before = await schedule();
    const release = await lockPurges();
    await turnReports(by === 'its loop' ? 'now' : 'tomorrow');
    const worker = await start(`stopped ${by}`);
    const calling =
      by === 'its loop'
        ? null
        : fetch(`${worker.url}/api/cron/tick`, { method: 'POST', headers: { 'x-cron-token': CRON_SECRET } });
    await eventually(async () => expect(await waiting()).toHaveLength(1));

    const stoppedMs = performance.now();
    // 0: it ended by itself; 1 would be the limit that ends a process which does not.
    expect(await worker.stop(), worker.output()).toBe(0);
    expect(performance.now() - stoppedMs).toBeLessThan((DRAIN_SECONDS + 5) * 1_000);
    // Nor does the server go on with it: what it held would keep the next worker from making the report.
    await vi.waitFor(async () => expect(await waiting()).toEqual([]), { timeout: 10_000, interval: 50 });
    const answer = await calling;
    if (answer) {
      expect(answer.status).toBe(503);
      expect(await answer.json()).toMatchObject({ code: 'JOB_STOPPED' });
    }
    expect(await reports()).toEqual([]);
    expect(await schedule()).toEqual(before);

    await release();
    await turnReports('now');
    const next = await start(`next after ${by}`);
    await eventually(async () => expect(await reports()).toHaveLength(1));
    expect((await reports())[0]?.from).toEqual(before[0]?.covered_to);
    expect(await db.owner`select from alert_deliveries`).toHaveLength(1);
    await next.kill();
  },
);
