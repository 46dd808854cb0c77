// What belongs to no tenant and has reached its age.
import { sql } from 'drizzle-orm';
import type { Pool } from '#db/client.ts';
import { queryOne, transaction } from '#server/lib/index.ts';

export const BATCH_ROWS = 10_000;

/** One batch; fewer than BATCH_ROWS: that was the last. */
export type PruneBatch = (pool: Pool, days: number) => Promise<number>;

/** The auth role's table: through its function. */
export const pruneSessions: PruneBatch = (pool, days) =>
  transaction(pool, {}, async (tx) => {
    const row = await queryOne<{ n: number }>(
      tx,
      sql`select cron_prune_sessions(${days}::int, ${BATCH_ROWS}::int) as n`,
    );
    return row.n;
  });

/** Older than a day; they count for a quarter of an hour. */
export const pruneLoginAttempts: PruneBatch = (pool) =>
  transaction(pool, {}, async (tx) => {
    const row = await queryOne<{ n: number }>(tx, sql`select cron_prune_login_attempts(${BATCH_ROWS}::int) as n`);
    return row.n;
  });

/** Runs of cron jobs, this one's older sisters among them. */
export const pruneCronRuns: PruneBatch = (pool, days) =>
  transaction(pool, {}, async (tx) => {
    const row = await queryOne<{ n: number }>(
      tx,
      sql`with gone as (delete from cron_runs where ctid = any(array(select ctid from cron_runs
            where started_at < now() - make_interval(days => ${days}::int) and outcome <> 'running'
            order by started_at limit ${BATCH_ROWS})) returning 1)
        select count(*)::int as n from gone`,
    );
    return row.n;
  });
