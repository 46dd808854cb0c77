// A worker that is told to stop while it makes a report.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { startWorker, type WorkerProcess } from './testing/worker-process.ts';

const db = await testDatabase();
const filesDir = await mkdtemp(join(tmpdir(), 'mainspring-alerts-'));
const workers: WorkerProcess[] = [];
afterAll(() => Promise.all(workers.map((worker) => worker.kill())));

const DRAIN_SECONDS = 15;
const start = async (name: string) => {
  const worker = await startWorker(db, {
    ...{ name, cronSecret: 'a-cron-secret-for-this-test', filesDir },
    env: {
      ...{ CRON_MODE: 'http', MAINSPRING_HOME: filesDir, OUTBOX_IN_WORKER: 'false' },
      SHUTDOWN_DRAIN_SECONDS: String(DRAIN_SECONDS),
    },
  });
  workers.push(worker);
  return worker;
};
const eventually = (look: () => Promise<void>) => vi.waitFor(look, { timeout: 120_000, interval: 100 });

test('a worker that stops while a report is being made ends in its time, and the next one makes the report', {
  timeout: 400_000,
}, async () => {
  const { id: tenantId } = await createTenant(db.owner, { slug: 'acme', name: 'Acme' });
  await db.owner`insert into report_schedules (tenant_id, name, template, cron, timezone, channels, next_at, covered_to, created_by)
    values (${tenantId}, 'slow', 'retention_receipt', '0 * * * *', 'UTC', '[{"kind": "log"}]', date_trunc('hour', now()),
      date_trunc('hour', now()) - interval '1 hour', 'test')`;
  const schedule = () => db.owner`select next_at, covered_to, last_error from report_schedules`;
  const reports = () => db.owner<{ from: Date }[]>`select period_from as from from reports`;
  const before = await schedule();

  const [locked, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const locking = db.owner.begin(async (tx) => {
    await tx`lock table retention_purges in access exclusive mode`;
    locked.resolve();
    await release.promise;
  });
  await locked.promise;
  const worker = await start('stopped');
  // The report waits for the table that it tells of.
  await eventually(async () =>
    expect(
      await db.owner`select from pg_locks l join pg_stat_activity a using (pid) where not l.granted
        and l.relation = 'retention_purges'::regclass and a.query like '%finished_at >=%'`,
    ).not.toHaveLength(0),
  );
  const stoppedMs = performance.now();
  // 0: it ended by itself; 1 would be the limit that ends a process which does not.
  expect(await worker.stop(), worker.output()).toBe(0);
  expect(performance.now() - stoppedMs).toBeLessThan((DRAIN_SECONDS + 5) * 1_000);
  expect(await reports()).toEqual([]);
  expect(await schedule()).toEqual(before);

  release.resolve();
  await locking;
  await db.owner`update alert_loop set reports_next_at = now()`;
  await start('next');
  await eventually(async () => expect(await reports()).toHaveLength(1));
  expect((await reports())[0]?.from).toEqual(before[0]?.covered_to);
  expect(await db.owner`select from alert_deliveries`).toHaveLength(1);
});
