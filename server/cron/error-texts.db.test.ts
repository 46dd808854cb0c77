// What an operator is told when a statement fails: the reason, and never the statement or what was put into it.

import { beforeAll, expect, it } from 'vitest';
import { sql } from '#db/drizzle.ts';
import { testDatabase } from '#db/testing/index.ts';
import { forEachTenant } from '#server/jobs/index.ts';
import { createLogger, type Tx, transaction } from '#server/lib/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { type CronJob, runJob, UNCONFIGURED_JOBS } from './index.ts';

const db = await testDatabase();
const SECRET = 'ada@example.org';
beforeAll(() => createTenant(db.owner, { slug: 'one', name: 'One' }));

const failing = (statement: (tx: Tx) => Promise<unknown>, isPerTenant: boolean): CronJob => ({
  ...{ name: 'fails', path: 'fails', summary: 'Fails.', schedule: null, timeoutMs: 10_000 },
  async run(ctx) {
    const work = () => transaction(ctx.pool, {}, async (tx) => void (await statement(tx)));
    if (!isPerTenant) return work().then(() => ({}));
    return { perTenant: await forEachTenant(ctx, async () => work().then(() => ({}))) };
  },
});

it.each<[string, string, (tx: Tx) => Promise<unknown>]>([
  [
    'a value that is none',
    'invalid input syntax for type integer: "…"',
    (tx) => tx.execute(sql`select ${SECRET}::text::int`),
  ],
  [
    'a value out of range',
    'value "…" is out of range',
    (tx) => tx.execute(sql`select ${'123456789012345'}::text::int`),
  ],
  [
    'a table that is not there',
    'relation "nowhere" does not exist',
    (tx) => tx.execute(sql`select from nowhere where ${SECRET} = ''`),
  ],
  [
    'a row that is there',
    'duplicate key value violates unique constraint "cron_jobs_pkey"',
    (tx) => tx.execute(sql`insert into cron_jobs (job) values (${SECRET}), (${SECRET})`),
  ],
])('%s is told as the database’s reason, without statement and values', async (_what, reason, statement) => {
  for (const isPerTenant of [true, false]) {
    await db.owner`truncate cron_jobs, cron_runs`;
    const deps = { pool: db.worker, log: createLogger({ level: 'silent', tier: 'test' }), processId: 'test' };
    const jobs = [failing(statement, isPerTenant)];
    const { body, status } = await runJob({ ...deps, config: UNCONFIGURED_JOBS, jobs }, 'fails', { trigger: 'http' });
    expect(status).toBe(500);
    const [run] = await db.owner`select error, per_tenant from cron_runs`;
    const told = JSON.stringify([body, run]);
    expect(body.errors).toMatchObject([{ message: expect.stringContaining(reason) }]);
    expect(body.errors).toMatchObject([{ message: expect.stringMatching(/ \(errorId [0-9a-f-]+\)$/) }]);
    expect(told).not.toMatch(/Failed query|params|select|insert into|ada@|123456789012345/);
  }
});
