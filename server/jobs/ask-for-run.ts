// Runs that are asked for. A row in cron_requests waits for a worker and goes with the claim of the run that answers it.
import { sql } from '#db/drizzle.ts';
import { query, type Tx } from '#server/lib/index.ts';

/** "cron": the claims of one job stand in line under it, for the some ms of their transaction. */
export const CLAIM_LOCK = 0x63726f6e;

/**
 * Asks the workers to run a job soon, for what this transaction commits. Where the same is asked for already, that run
 * does for all: whoever asks often has one run at a time, and takes no place from others. Two that ask at the same time
 * may leave a row each, which costs an idle run.
 */
export async function askForRun(
  tx: Tx,
  { job, params, requestedBy }: { job: string; params: Record<string, string>; requestedBy: string },
): Promise<void> {
  const given = JSON.stringify(params);
  // With it, whoever claims the waiting row waits for our commit and sees what we wrote. Without it somebody is claiming:
  // the row may be gone before we commit.
  const [lock] = await query<{ isFree: boolean }>(
    tx,
    sql`select pg_try_advisory_xact_lock_shared(${CLAIM_LOCK}::int, hashtext(${job})) as "isFree"`,
  );
  const waiting = lock?.isFree
    ? await query(
        tx,
        sql`select 1 as one from cron_requests where job = ${job} and params = ${given}::text::jsonb limit 1`,
      )
    : [];
  if (waiting.length > 0) return;
  await tx.execute(sql`insert into cron_requests (job, params, requested_by)
    values (${job}, ${given}::text::jsonb, ${requestedBy})`);
}
