// What belongs to no tenant and has reached its age.

import type { Pool } from '#db/client.ts';
import { type SQL, sql } from '#db/drizzle.ts';
import { queryOne, transaction } from '#server/lib/index.ts';

export const BATCH_ROWS = 10_000;

/** One batch; fewer than BATCH_ROWS: that was the last. */
export type PruneBatch = (pool: Pool, days: number) => Promise<number>;

/** What only the auth role may delete: through one of its functions, which says how many it deleted. */
const byFunction =
  (call: (days: number) => SQL): PruneBatch =>
  (pool, days) =>
    transaction(pool, {}, async (tx) => (await queryOne<{ n: number }>(tx, sql`select ${call(days)} as n`)).n);

export const pruneSessions = byFunction((days) => sql`cron_prune_sessions(${days}::int, ${BATCH_ROWS}::int)`);

/** Used, revoked or forgotten: their expiry tells their age. The audit log keeps who invited whom. */
export const pruneInvites = byFunction((days) => sql`cron_prune_invites(${days}::int, ${BATCH_ROWS}::int)`);
export const prunePasswordResets = byFunction(
  (days) => sql`cron_prune_password_resets(${days}::int, ${BATCH_ROWS}::int)`,
);

/** Older than a day; they count for a quarter of an hour. */
export const pruneLoginAttempts = byFunction(() => sql`cron_prune_login_attempts(${BATCH_ROWS}::int)`);

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
