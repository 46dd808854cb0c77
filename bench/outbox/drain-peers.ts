// The peers' drains on the same server: jobs that do nothing, completed. graphile-worker as it comes and with its
// batches on; pg-boss by fetch and complete in batches of 500.
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';
import { PgBoss } from 'pg-boss';
import type { Pool } from '#db/client.ts';

const QUIET = new Logger(() => () => {});
const QUEUE = 'noop';
const FETCH = 500;
const FILL = 10_000;

export async function fillGraphile(ownerUrl: string, owner: Pool, rows: number, payloadBytes: number): Promise<void> {
  const utils = await makeWorkerUtils({ connectionString: ownerUrl, logger: QUIET });
  await utils.migrate();
  await utils.release();
  await owner`delete from graphile_worker._private_jobs`;
  for (let from = 1; from <= rows; from += FILL)
    await owner`select count(*) from graphile_worker.add_jobs(array(
      select ('noop', json_build_object('n', n, 'filler', repeat('x', ${Math.max(0, payloadBytes - 30)}::int)),
        null, null, null, null, null, null)::graphile_worker.job_spec
      from generate_series(${from}::int, ${Math.min(rows, from + FILL - 1)}::int) n))`;
  await owner`vacuum analyze graphile_worker._private_jobs`;
}

/** Until the table of jobs is empty. Stopping the runner is not part of the time. */
export async function drainGraphile(ownerUrl: string, owner: Pool, rows: number, isBatched: boolean) {
  const allDone = Promise.withResolvers<void>();
  let left = rows;
  const pool = new pg.Pool({ connectionString: ownerUrl, max: 30 });
  // It says so on every start otherwise.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  const runner = await run({
    pgPool: pool,
    logger: QUIET,
    noHandleSignals: true,
    // Its default is 1 job at once; 24 is where it was fastest, by default and in batches.
    concurrency: 24,
    taskList: {
      noop: async () => {
        left -= 1;
        if (left <= 0) allDone.resolve();
      },
    },
    ...(isBatched
      ? { preset: { worker: { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } } }
      : {}),
  });
  await allDone.promise;
  for (;;) {
    const [row] = await owner<{ n: number }[]>`select count(*)::int as n from graphile_worker._private_jobs`;
    if ((row?.n ?? 0) === 0) break;
  }
  return async () => {
    await runner.stop();
    await pool.end();
  };
}

export async function openBoss(ownerUrl: string): Promise<PgBoss> {
  const boss = new PgBoss({ connectionString: ownerUrl, supervise: false, schedule: false });
  boss.on('error', () => {});
  await boss.start();
  await boss.createQueue(QUEUE);
  return boss;
}

export async function fillBoss(boss: PgBoss, rows: number, payloadBytes: number): Promise<void> {
  await boss.deleteAllJobs(QUEUE);
  const filler = 'x'.repeat(Math.max(0, payloadBytes - 30));
  for (let n = 0; n < rows; n += 5_000)
    await boss.insert(
      QUEUE,
      Array.from({ length: Math.min(5_000, rows - n) }, (_, i) => ({ data: { n: n + i, filler } })),
    );
}

export async function drainBoss(boss: PgBoss): Promise<void> {
  for (;;) {
    const jobs = await boss.fetch(QUEUE, { batchSize: FETCH });
    if (jobs.length === 0) return;
    await boss.complete(
      QUEUE,
      jobs.map((job) => job.id),
    );
  }
}
