// The run's one transaction: target rows, events, DLQ rows, checkpoints, files, metrics and the success mark commit
// together, and only while the token is the queue's.
import { sql } from '#db/drizzle.ts';
import type { Plan, RunContext } from '#server/compiler/index.ts';
import { parkRejects } from '#server/dlq/index.ts';
import { settleFiles } from '#server/files/index.ts';
import { query, type Tx } from '#server/lib/index.ts';
import { appendStagedEvents } from '#server/outbox/index.ts';
import type { ClaimedRun } from './claim.ts';
import type { OnStep } from './execute.ts';
import { executePlan } from './execute-plan.ts';
import type { LoadedRun } from './load-run.ts';
import type { RunControl } from './run-control.ts';
import { RunFailure, RunStopped } from './run-failure.ts';
import { type NodeOutcome, type RunTotals, saveNodes, totalRows } from './run-nodes.ts';
import { collectLineRejects, dropStaging, requireStaged, type StagedInput } from './staging.ts';
import { withWorkTables } from './work-tables.ts';

export type Effect = {
  claim: ClaimedRun;
  run: LoadedRun;
  plan: Plan;
  context: RunContext;
  staged: readonly StagedInput[];
  outcomes: NodeOutcome[];
  control: RunControl;
  /** Stops the heartbeat from taking the commit for a lost lease. */
  beforeCommit: () => void;
  onStep: OnStep;
};

/** Does the run's work and marks it succeeded, in the given transaction. */
export async function applyEffect(tx: Tx, effect: Effect): Promise<RunTotals> {
  const { claim, run, plan, control } = effect;
  await effect.onStep('effect_started');
  const sources = plan.nodes.filter((node) => node.fileSource);
  await withWorkTables(tx, run.data, { statementTimeoutMs: control.remainingMs() }, async (connection) => {
    if (sources.length > 0) {
      const expected = effect.staged.reduce((sum, input) => sum + input.rejected, 0);
      const collected = await collectLineRejects(connection, claim, run.data);
      // More is possible: malformed lines of a file that then proved unreadable as a whole.
      requireStaged('rejected lines', Math.min(collected, expected), expected);
    }
    await executePlan(connection, plan, effect.context, effect);
    if (sources.length > 0) await dropStaging(connection, claim, run.data, sources);
  });
  await effect.onStep('statements_done');
  control.check();
  if (plan.nodes.some((node) => node.writesEvents))
    await appendStagedEvents(tx, { tenantId: claim.tenantId, headers: { 'mainspring-run': claim.runId } });
  const totals = totalRows(effect.outcomes);
  await judgeRejects(tx, effect, totals);
  await settleFiles(
    tx,
    claim.tenantId,
    effect.staged.flatMap((input) => input.files),
  );
  await saveCheckpoints(tx, effect);
  await saveNodes(tx, claim, effect.outcomes);
  await effect.onStep('before_end');
  effect.beforeCommit();
  await endSucceeded(tx, claim, totals, null);
  await effect.onStep('before_commit');
  return totals;
}

/** Rejected rows go to the DLQ, unless the document says that so many mean a broken run. */
async function judgeRejects(tx: Tx, effect: Effect, totals: RunTotals): Promise<void> {
  if (totals.rowsRejected === 0) return;
  const { dlq } = effect.plan.doc.errorHandling;
  const found = `${totals.rowsRejected} of ${totals.rowsIn} rows were rejected`;
  if (!dlq.enabled)
    throw new RunFailure('DLQ_DISABLED', `${found}, and the DLQ of this pipeline is off; turn it on or mend the input`);
  if (totals.rowsRejected > dlq.maxRatio * totals.rowsIn)
    throw new RunFailure(
      'DLQ_RATIO_EXCEEDED',
      `${found}, more than errorHandling.dlq.maxRatio (${dlq.maxRatio}) allows; the DLQ is left as it was`,
    );
  await parkRejects(tx, dlqScope(effect.claim, effect.run), dlq);
}

export function dlqScope(claim: ClaimedRun, run: LoadedRun) {
  return {
    tenantId: claim.tenantId,
    pipelineId: claim.pipelineId,
    runId: claim.runId,
    version: run.version,
    attempt: claim.attempt,
    pipelineLabel: `${run.tenantSlug}/${run.pipelineName}`,
  };
}

/** How far each source and sink is: a source's last file and rows, a sink's rows. */
async function saveCheckpoints(tx: Tx, effect: Effect): Promise<void> {
  const staged = new Map(effect.staged.map((input) => [input.nodeId, input]));
  const positions = effect.outcomes
    .filter((node) => node.kind === 'source' || node.kind === 'target')
    .map((node) => {
      const input = staged.get(node.nodeId);
      const file = input?.last
        ? { path: input.last.path, modifiedAt: input.last.modifiedAt, files: input.files.length }
        : {};
      return { nodeId: node.nodeId, position: { rows: node.rowsOut, ...file } };
    });
  await tx.execute(sql`insert into checkpoints (tenant_id, pipeline_id, node_id, position, run_id)
    select ${effect.claim.tenantId}, ${effect.claim.pipelineId}, c."nodeId", c.position, ${effect.claim.runId}
    from jsonb_to_recordset(${JSON.stringify(positions)}::jsonb) as c("nodeId" text, position jsonb)
    on conflict (tenant_id, pipeline_id, node_id)
      do update set position = excluded.position, run_id = excluded.run_id, updated_at = now()`);
}

/**
 * The fence: the queue row goes with the success mark, and only if it still carries this claim's token.
 * @throws RunStopped `lost` when another holds the run, `cancelled` when a cancel came before the commit.
 */
export async function endSucceeded(tx: Tx, claim: ClaimedRun, totals: RunTotals, note: string | null): Promise<void> {
  const [row] = await query<{ cancelled: boolean }>(
    tx,
    sql`delete from run_queue where run_id = ${claim.runId} and token = ${claim.token} and claimed_by is not null
      returning cancel_requested_at is not null as cancelled`,
  );
  if (!row) throw new RunStopped('lost');
  if (row.cancelled) throw new RunStopped('cancelled');
  await tx.execute(sql`update runs set status = 'succeeded', finished_at = clock_timestamp(), error = null, note = ${note},
      rows_in = ${totals.rowsIn}, rows_out = ${totals.rowsOut}, rows_rejected = ${totals.rowsRejected}
    where tenant_id = ${claim.tenantId} and id = ${claim.runId}`);
  await tx.execute(sql`update run_attempts set status = 'succeeded', finished_at = clock_timestamp()
    where tenant_id = ${claim.tenantId} and run_id = ${claim.runId} and attempt = ${claim.attempt}`);
}
