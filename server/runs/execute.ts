// One attempt of one run, from claim to end. See README.md for the order and what a crash at each step leaves.
import type { Pool } from '#db/client.ts';
import type { RunError } from '#db/schema/index.ts';
import type { Plan, PlanNode, RunContext } from '#server/compiler/index.ts';
import { type FileDeps, type FileStep, finishFiles, openInbox } from '#server/files/index.ts';
import type { PipelineDocument } from '#server/ir/index.ts';
import { type Backoff, type Logger, logError, newId, transaction } from '#server/lib/index.ts';
import type { ClaimedRun } from './claim.ts';
import { applyEffect, endSucceeded } from './effect.ts';
import { fillParams } from './fill-params.ts';
import { compileRun, type LoadedRun, loadRun, parseRunDocument } from './load-run.ts';
import { runRows, runSeconds, runsTotal } from './metrics.ts';
import { type EndOfAttempt, endAttempt, recordFileRejects } from './record-failure.ts';
import { type RunControl, stopReason } from './run-control.ts';
import { classifyError, RunStopped, type StopReason, type Verdict } from './run-failure.ts';
import { type NodeOutcome, pendingNodes, type RunTotals } from './run-nodes.ts';
import { rawTables, type StagedInput, stageInputs, sweepStaging } from './staging.ts';
import { endEarlierAttempts, type WorkDeps, withWorkConnection, workTransaction } from './work-connection.ts';

/** Steps between which a crash must leave nothing half done; tests stop or kill there. */
export type RunStep =
  | FileStep
  | 'loaded'
  | 'compiled'
  | 'staged'
  | 'effect_started'
  | 'statements_done'
  | 'before_end'
  | 'before_commit'
  | 'committed';
export type OnStep = (step: RunStep) => void | Promise<void>;

export type ExecuteDeps = WorkDeps & {
  /** Tenants' folders lie below it. */
  filesDir: string;
  log: Logger;
  /** For tests. */
  onStep?: OnStep;
};

export type Outcome = { end: 'succeeded' | EndOfAttempt; runId: string; error: RunError | null };

/** What is known so far; a failure is told with as much of it as there is. */
type Attempt = {
  claim: ClaimedRun;
  control: RunControl;
  deps: ExecuteDeps;
  onStep: OnStep;
  beforeCommit: () => void;
  run: LoadedRun | null;
  document: PipelineDocument | null;
  plan: Plan | null;
  staged: StagedInput[];
  outcomes: NodeOutcome[];
};

const DEFAULT_BACKOFF: Backoff = { initialSeconds: 5, factor: 2, maxSeconds: 300 };

/** Executes a claimed run to its end and never throws: whatever happens is the outcome, logged and recorded. */
export async function executeRun(
  deps: ExecuteDeps,
  claim: ClaimedRun,
  control: RunControl,
  beforeCommit: () => void,
): Promise<Outcome> {
  const onStep = deps.onStep ?? (() => {});
  const attempt: Attempt = {
    ...{ claim, control, deps, onStep, beforeCommit },
    ...{ run: null, document: null, plan: null, staged: [], outcomes: [] },
  };
  const startedMs = performance.now();
  const outcome = await attemptRun(attempt).catch((error: unknown) => failAttempt(attempt, error));
  control.dispose();
  runSeconds.labels(outcome.end).observe((performance.now() - startedMs) / 1_000);
  runsTotal.labels(pipelineLabel(attempt.run), outcome.end).inc();
  await cleanUp(attempt, outcome).catch((error: unknown) => {
    // Whoever comes next does it.
    logError(deps.log, error, 'a run could not tidy up behind itself', { runId: claim.runId });
  });
  return outcome;
}

const pipelineLabel = (run: LoadedRun | null) => (run ? `${run.tenantSlug}/${run.pipelineName}` : 'unknown');

async function attemptRun(attempt: Attempt): Promise<Outcome> {
  const { claim, control, deps } = attempt;
  const loaded = await loadRun(deps.pool, claim);
  attempt.run = loaded;
  const document = parseRunDocument(loaded);
  // A scheduled run is queued without parameters; its file paths need the defaults as its expressions do.
  const run = { ...loaded, params: fillParams(document, loaded.params) };
  attempt.run = run;
  attempt.document = document;
  control.setTimeoutMs(document.errorHandling.timeoutSeconds * 1_000);
  await attempt.onStep('loaded');
  const plan = await compileRun(deps.pool, claim, run, document);
  attempt.plan = plan;
  attempt.outcomes = pendingNodes(plan);
  await attempt.onStep('compiled');
  await endEarlierAttempts(deps.pool, claim);
  await sweepStaging(deps.pool, claim.tenantId, run.data);
  const totals = await withWorkConnection(deps, control, (work) => workOff(attempt, run, plan, work));
  await attempt.onStep('committed');
  runRows.labels(pipelineLabel(run), 'in').inc(totals.rowsIn);
  runRows.labels(pipelineLabel(run), 'out').inc(totals.rowsOut);
  runRows.labels(pipelineLabel(run), 'rejected').inc(totals.rowsRejected);
  return { end: 'succeeded', runId: claim.runId, error: null };
}

async function workOff(attempt: Attempt, run: LoadedRun, plan: Plan, work: Pool): Promise<RunTotals> {
  const { claim, control, deps } = attempt;
  const sources = fileSources(plan);
  if (sources.length > 0) {
    const files = await fileDeps(attempt, run);
    attempt.staged = await stageInputs({ claim, run, control, work, deps }, sources, files);
  }
  await attempt.onStep('staged');
  const context = runContext(claim, run, sources);
  return workTransaction(deps, work, control, claim, async (tx) => {
    const hasInput = sources.length === 0 || attempt.staged.some((input) => input.files.length > 0);
    if (hasInput) return applyEffect(tx, { ...attempt, run, plan, context });
    // No file has come: nothing is compiled into rows, and a truncate does not empty its table.
    const nothing: RunTotals = { rowsIn: 0, rowsOut: 0, rowsRejected: 0 };
    attempt.beforeCommit();
    await endSucceeded(tx, claim, nothing, 'no_input');
    return nothing;
  });
}

const fileSources = (plan: Plan | null): PlanNode[] => plan?.nodes.filter((node) => node.fileSource) ?? [];

async function fileDeps(attempt: Attempt, run: LoadedRun): Promise<FileDeps> {
  const root = await openInbox(attempt.deps.filesDir, run.tenantSlug);
  return { pool: attempt.deps.pool, root, log: attempt.deps.log, onStep: attempt.onStep };
}

function runContext(claim: ClaimedRun, run: LoadedRun, sources: readonly PlanNode[]): RunContext {
  const { dueAt, intervalStart, intervalEnd, params } = run;
  const { runId, pipelineId } = claim;
  return {
    runId,
    pipelineId,
    dueAt,
    intervalStart,
    intervalEnd,
    params,
    rawTables: rawTables(claim, run.data, sources),
  };
}

/** Decides what the failure means and records it; a run that another holds by now is left alone. */
async function failAttempt(attempt: Attempt, error: unknown): Promise<Outcome> {
  const { claim, control, deps } = attempt;
  const lost: Outcome = { end: 'lost', runId: claim.runId, error: null };
  // The commit itself may have found the run lost or cancelled before any heartbeat did.
  const stopped = error instanceof RunStopped ? error.reason : stopReason(control);
  if (stopped === 'lost') return lost;
  const verdict = judge(attempt, error, stopped);
  const end = stopped === 'released' ? 'released' : endOf(claim, verdict);
  const fields = { runId: claim.runId, tenantId: claim.tenantId, pipelineId: claim.pipelineId, attempt: claim.attempt };
  const errorId = end === 'cancelled' || end === 'released' ? newId() : logError(deps.log, error, `run ${end}`, fields);
  const { canRetry: _canRetry, ...told } = verdict;
  const runError: RunError | null = end === 'released' ? null : { ...told, errorId };
  const outcomes = attempt.outcomes.map((node) =>
    node.status === 'pending' ? { ...node, status: 'skipped' as const } : node,
  );
  try {
    const recorded = await transaction(deps.pool, { tenantId: claim.tenantId }, async (tx) => {
      const backoff = attempt.document?.errorHandling.retry.backoff ?? DEFAULT_BACKOFF;
      const ended = await endAttempt(tx, { claim, end, error: runError, backoff, outcomes });
      if (ended === 'failed' && attempt.run && attempt.document)
        await recordFileRejects(tx, claim, attempt.run, {
          sources: fileSources(attempt.plan),
          staged: attempt.staged,
          limits: attempt.document.errorHandling.dlq,
          onlyFiles: verdict.code === 'DLQ_RATIO_EXCEEDED',
        });
      return ended;
    });
    return recorded === 'lost' ? lost : { end: recorded, runId: claim.runId, error: runError };
  } catch (recording) {
    // The lease runs out and the reaper records it; the commit of the effect may even have succeeded.
    logError(deps.log, recording, 'the end of a run could not be recorded', { ...fields, errorId });
    return lost;
  }
}

function judge(attempt: Attempt, error: unknown, stopped: StopReason | null): Verdict {
  if (stopped === 'cancelled')
    return { code: 'CANCELLED', message: 'the run was cancelled', isTransient: false, canRetry: false };
  if (stopped === 'timed_out') {
    const seconds = attempt.document?.errorHandling.timeoutSeconds;
    const nodeId = attempt.outcomes.find((node) => node.status === 'running' || node.status === 'failed')?.nodeId;
    const message = `the attempt took longer than errorHandling.timeoutSeconds (${seconds})`;
    return { code: 'TIMED_OUT', message, isTransient: true, canRetry: true, ...(nodeId ? { nodeId } : {}) };
  }
  return classifyError(error);
}

function endOf(claim: ClaimedRun, verdict: Verdict): 'failed' | 'retried' | 'cancelled' {
  if (verdict.code === 'CANCELLED') return 'cancelled';
  return verdict.canRetry && claim.attempt < claim.maxAttempts ? 'retried' : 'failed';
}

/** Files to their places, staging tables away. Not for a lost run: its files are another's. */
async function cleanUp(attempt: Attempt, outcome: Outcome): Promise<void> {
  const { claim, deps, run } = attempt;
  const sources = fileSources(attempt.plan);
  if (!run || sources.length === 0 || outcome.end === 'lost') return;
  const isOver = outcome.end === 'succeeded' || outcome.end === 'failed' || outcome.end === 'cancelled';
  if (isOver)
    await finishFiles(await fileDeps(attempt, run), { tenantId: claim.tenantId, pipelineId: claim.pipelineId });
  if (outcome.end !== 'succeeded') await sweepStaging(deps.pool, claim.tenantId, run.data);
}
