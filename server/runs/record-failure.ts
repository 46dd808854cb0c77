// The second transaction: what went wrong, and whether another attempt follows. Fenced like the first.
import { sql } from '#db/drizzle.ts';
import type { RunError } from '#db/schema/index.ts';
import type { PlanNode } from '#server/compiler/index.ts';
import { DlqFullError, type DlqLimits, parkRejects } from '#server/dlq/index.ts';
import { settleFiles } from '#server/files/index.ts';
import { type Backoff, backoffMs, query, type Tx } from '#server/lib/index.ts';
import type { ClaimedRun } from './claim.ts';
import { dlqScope } from './effect.ts';
import type { LoadedRun } from './load-run.ts';
import { type NodeOutcome, saveNodes, totalRows } from './run-nodes.ts';
import { collectLineRejects, dropStaging, type StagedInput } from './staging.ts';
import { withWorkTables } from './work-tables.ts';

export type EndOfAttempt = 'failed' | 'retried' | 'cancelled' | 'released' | 'lost';

export type Failure = {
  claim: ClaimedRun;
  /** Null for a release: the attempt ends, the run goes back to the queue as if it had not been. */
  error: RunError | null;
  end: 'failed' | 'retried' | 'cancelled' | 'released';
  backoff: Backoff;
  outcomes: readonly NodeOutcome[];
};

/** Ends the attempt and moves the run on; `lost` when the token is no longer the queue's, then nothing is written. */
export async function endAttempt(tx: Tx, failure: Failure): Promise<EndOfAttempt> {
  const { claim, end } = failure;
  const isOver = end === 'failed' || end === 'cancelled';
  const delayMs = end === 'retried' ? backoffMs(failure.backoff, claim.attempt) : 0;
  const mine = sql`run_id = ${claim.runId} and token = ${claim.token} and claimed_by is not null`;
  // A released attempt was cut off by a shutdown, so the run gets it back.
  const rows = await query<{ id: string }>(
    tx,
    isOver
      ? sql`delete from run_queue where ${mine} returning run_id as id`
      : sql`update run_queue set claimed_by = null, claimed_at = null, lease_until = null, progress = null,
          available_at = clock_timestamp() + make_interval(secs => ${delayMs / 1_000}::float8),
          max_attempts = max_attempts + ${end === 'released' ? 1 : 0}
        where ${mine} returning run_id as id`,
  );
  if (rows.length === 0) return 'lost';
  const error = failure.error === null ? null : JSON.stringify(failure.error);
  const totals = totalRows(failure.outcomes);
  await tx.execute(sql`update runs set status = ${isOver ? end : 'queued'}, error = ${error}::jsonb,
      finished_at = case when ${isOver} then clock_timestamp() end,
      rows_in = ${totals.rowsIn}, rows_out = 0, rows_rejected = ${totals.rowsRejected}
    where tenant_id = ${claim.tenantId} and id = ${claim.runId}`);
  const attemptStatus = { failed: 'failed', retried: 'failed', cancelled: 'cancelled', released: 'lost' }[end];
  await tx.execute(sql`update run_attempts set status = ${attemptStatus}, finished_at = clock_timestamp(), error = ${error}::jsonb
    where tenant_id = ${claim.tenantId} and run_id = ${claim.runId} and attempt = ${claim.attempt}`);
  await saveNodes(tx, claim, failure.outcomes);
  return end;
}

/**
 * What a run that failed for good says about its files: malformed lines are indexed in the DLQ, files that could
 * not be read go to `.failed/`; the others go back to the inbox, by finishFiles. `onlyFiles` leaves the lines out:
 * a run that failed for its many rejects leaves the DLQ as it was.
 */
export async function recordFileRejects(
  tx: Tx,
  claim: ClaimedRun,
  run: LoadedRun,
  rejects: { sources: readonly PlanNode[]; staged: readonly StagedInput[]; limits: DlqLimits; onlyFiles: boolean },
): Promise<void> {
  const unreadable = rejects.staged.flatMap((input) => input.files.filter((file) => file.state === 'rejected'));
  await settleFiles(tx, claim.tenantId, unreadable);
  if (!rejects.staged.some((input) => input.rejected > 0)) return;
  await withWorkTables(tx, run.data, { statementTimeoutMs: 60_000 }, async (connection) => {
    await collectLineRejects(connection, claim, run.data, { onlyFiles: rejects.onlyFiles });
    await dropStaging(connection, claim, run.data, rejects.sources);
  });
  try {
    await parkRejects(tx, dlqScope(claim, run), rejects.limits);
  } catch (error) {
    // A full DLQ must not keep the failure itself from being recorded.
    if (!(error instanceof DlqFullError)) throw error;
  }
}
