// The only runner of cron jobs: HTTP routes, node-cron in the worker and the operator's "run now" all come here.
import type { Pool } from '#db/client.ts';
import { type Counts, errorText, type JobContext, type JobResult, type TenantOutcome } from '#server/jobs/index.ts';
import { failPoint, type Logger, logError, ServiceError } from '#server/lib/index.ts';
import { DEFAULT_LEASE_MS, GRACE_MS, type JobsConfig } from './config.ts';
import { type CronJob, findJob, paramsOf } from './jobs.ts';
import { claimRun, fenceLease, finishRun, type Lease, type RunEnd, type RunRequest, renewLease } from './lease.ts';
import { lastSuccess, runSeconds, runsTotal, tenantFailuresTotal } from './metrics.ts';

export type CronDependencies = {
  /** As the worker's role. */
  pool: Pool;
  log: Logger;
  processId: string;
  config: JobsConfig;
  /** Default CRON_JOBS. */
  jobs?: readonly CronJob[];
  /** Aborted when the process is to end. */
  stopping?: AbortSignal;
  /** Default DEFAULT_LEASE_MS. */
  leaseMs?: number;
  /** FAIL_POINT: the name at which this process kills itself. Tests only. */
  failPoint?: string | undefined;
};

/** Who fires, and for which slot: only a scheduled firing has one. */
export type Firing = Partial<Omit<RunRequest, 'job'>> & Pick<RunRequest, 'trigger'>;

/** What the caller is told: 500 when the job or all of its tenants failed. */
export type JobAnswer = {
  status: 200 | 500;
  outcome: 'succeeded' | 'partial' | 'failed' | 'skipped';
  body: Record<string, unknown>;
};

/**
 * Runs the job once, or says that another run is at it or that the slot is done. Never rejects for what the job
 * does; rejects when the database cannot be asked for the lease.
 * @throws ServiceError JOB_NOT_FOUND
 */
export async function runJob(deps: CronDependencies, name: string, firing: Firing): Promise<JobAnswer> {
  const job = findJob(name, deps.jobs);
  if (job.isLeased === false) return runUnleased(deps, job, firing);
  const params = paramsOf(job, firing.params ?? {});
  const request = { slot: null, requestedBy: '', ...firing, params, job: name };
  const leaseMs = deps.leaseMs ?? DEFAULT_LEASE_MS;
  // From here on the lease may be ours: its first renewal is counted from before the claim was sent.
  const claimSentAtMs = performance.now();
  const claim = await claimRun(deps.pool, request, { processId: deps.processId, leaseMs });
  if (claim.kind !== 'claimed') {
    runsTotal.labels(name, 'skipped').inc();
    if (job.hasExactAnswer) return runUnleased(deps, job, firing);
    return { status: 200, outcome: 'skipped', body: { ok: true, skipped: claim.kind === 'held' ? 'running' : 'done' } };
  }
  failPoint(deps.failPoint, `${name}.claimed`);
  const log = deps.log.child({ job: name, cronRunId: claim.lease.runId });
  const startedMs = performance.now();
  const ended = await work(deps, job, { lease: claim.lease, request, log, leaseMs, renewedAtMs: claimSentAtMs });
  runSeconds.labels(name).observe((performance.now() - startedMs) / 1_000);
  failPoint(deps.failPoint, `${name}.before-finish`);
  return settle(deps, job, claim.lease, ended, log);
}

type Ended = { result: JobResult } | { error: unknown };
type Work = { lease: Lease; request: RunRequest; log: Logger; leaseMs: number; renewedAtMs: number };

/** Runs the job under its time limit, renewing the lease meanwhile. */
async function work(deps: CronDependencies, job: CronJob, run: Work): Promise<Ended> {
  const abort = new AbortController();
  const stop = (code: 'JOB_TIMED_OUT' | 'JOB_STOPPED' | 'JOB_LEASE_LOST', message: string) =>
    abort.abort(new ServiceError(code, message));
  const onStopping = () => stop('JOB_STOPPED', `${job.name} was stopped because its process ends`);
  const limit = setTimeout(
    () => stop('JOB_TIMED_OUT', `${job.name} was stopped at its time limit of ${job.timeoutMs} ms`),
    job.timeoutMs,
  );
  deps.stopping?.addEventListener('abort', onStopping, { once: true });
  if (deps.stopping?.aborted) onStopping();
  const heart = keepLease(deps.pool, run, () => stop('JOB_LEASE_LOST', `the lease of ${job.name} was lost`));
  const ctx: JobContext = {
    pool: deps.pool,
    log: run.log,
    processId: deps.processId,
    runId: run.lease.runId,
    signal: abort.signal,
    params: run.request.params,
    fence: (tx) => fenceLease(tx, run.lease),
    failPoint: (name) => failPoint(deps.failPoint, name),
  };
  try {
    return { result: await orWrittenOff(job.run(ctx, deps.config), abort.signal) };
  } catch (error) {
    return { error };
  } finally {
    clearTimeout(limit);
    deps.stopping?.removeEventListener('abort', onStopping);
    await heart.stop();
  }
}

/** A job that was told to stop and does not is waited for no longer than GRACE_MS; the token keeps it from harm. */
async function orWrittenOff<T>(running: Promise<T>, signal: AbortSignal): Promise<T> {
  const writtenOff = Promise.withResolvers<never>();
  writtenOff.promise.catch(() => {});
  let grace: NodeJS.Timeout | undefined;
  const onAbort = () => {
    grace = setTimeout(() => writtenOff.reject(signal.reason), GRACE_MS);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([running, writtenOff.promise]);
  } finally {
    clearTimeout(grace);
    signal.removeEventListener('abort', onAbort);
  }
}

/** Renews three times a lease. Lost: another run has it, or no renewal came through for as long as it lasts. */
function keepLease(pool: Pool, run: Work, onLost: () => void) {
  let renewedAtMs = run.renewedAtMs;
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  let beating: Promise<void> = Promise.resolve();

  async function beat(): Promise<void> {
    const sentAtMs = performance.now();
    try {
      if (!(await renewLease(pool, run.lease, run.leaseMs))) return onLost();
      renewedAtMs = sentAtMs;
    } catch (error) {
      logError(run.log, error, 'the lease of a cron job could not be renewed; trying again');
    }
  }

  function schedule(): void {
    if (isStopped) return;
    timer = setTimeout(() => {
      beating = beat().finally(schedule);
    }, run.leaseMs / 3);
  }
  // By a clock of its own, because a renewal can hang as long as the connection does.
  const watch = setInterval(() => {
    if (performance.now() - renewedAtMs > run.leaseMs) onLost();
  }, run.leaseMs / 3);
  watch.unref();
  schedule();
  return {
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      clearInterval(watch);
      await beating;
    },
  };
}

/** Records how it ended, and makes the caller's answer of it. */
async function settle(
  deps: CronDependencies,
  job: CronJob,
  lease: Lease,
  ended: Ended,
  log: Logger,
): Promise<JobAnswer> {
  const judged = 'error' in ended ? judgeError(job, ended.error, log) : judgeResult(job, ended.result);
  const isRecorded = await finishRun(deps.pool, lease, judged.end);
  if (!isRecorded) {
    const error = new ServiceError('JOB_LEASE_LOST', `the lease of ${job.name} was lost: what it did is not recorded`);
    const errorId = logError(log, error, 'a cron job lost its lease before its end');
    runsTotal.labels(job.name, 'lost').inc();
    return { status: 500, outcome: 'failed', body: { ok: false, errors: [{ message: errorText(error, errorId) }] } };
  }
  const { outcome } = judged.end;
  runsTotal.labels(job.name, outcome).inc();
  tenantFailuresTotal.labels(job.name).inc(judged.end.perTenant.filter((one) => !one.ok).length);
  if (outcome === 'succeeded') lastSuccess.labels(job.name).set(Date.now() / 1_000);
  log[outcome === 'succeeded' ? 'info' : 'warn']({ outcome, counts: judged.end.counts }, 'cron job ended');
  if (outcome === 'succeeded' || outcome === 'partial') return { status: 200, outcome, body: judged.body };
  return { status: 500, outcome: 'failed', body: judged.body };
}

type Judged = { end: RunEnd; body: Record<string, unknown> };

function judgeError(job: CronJob, error: unknown, log: Logger): Judged {
  const message = errorText(error, logError(log, error, 'cron job failed', { job: job.name }));
  const isStopped = error instanceof ServiceError && error.code === 'JOB_STOPPED';
  return {
    end: { outcome: isStopped ? 'abandoned' : 'failed', counts: {}, perTenant: [], error: message },
    body: { ok: false, errors: [{ message }] },
  };
}

/** Failed when every tenant failed, partial when anything did. */
function judgeResult(job: CronJob, result: JobResult): Judged {
  const perTenant = (result.perTenant ?? []).map(({ tenantId, tenant, ok, counts, errors }) => ({
    ...{ tenantId, tenant, ok, counts, errors },
  }));
  const errors = [
    ...(result.errors ?? []).map((message) => ({ message })),
    ...perTenant.flatMap(({ tenantId, tenant, errors }) => errors.map((message) => ({ tenantId, tenant, message }))),
  ];
  const isAllFailed = perTenant.length > 0 && perTenant.every((one) => !one.ok);
  const isFailed = isAllFailed || result.isFailed === true;
  const outcome = isFailed ? 'failed' : errors.length > 0 ? 'partial' : 'succeeded';
  const answer = result.answer ?? {};
  return {
    end: {
      outcome,
      counts: result.counts ?? sumCounts(perTenant),
      perTenant,
      error: isAllFailed ? `all ${perTenant.length} tenants failed` : result.errors?.join('; ') || null,
    },
    body: job.hasExactAnswer ? answer : { ok: !isFailed, ...(errors.length > 0 ? { errors } : {}), ...answer },
  };
}

function sumCounts(perTenant: TenantOutcome[]): Counts {
  const sums: Counts = {};
  for (const { counts } of perTenant)
    for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}

/** For jobs that keep themselves to one or bear company. What they throw is the caller's to answer. */
async function runUnleased(deps: CronDependencies, job: CronJob, firing: Firing): Promise<JobAnswer> {
  const ctx: JobContext = {
    ...{ pool: deps.pool, log: deps.log, processId: deps.processId, runId: '' },
    signal: deps.stopping ?? new AbortController().signal,
    params: paramsOf(job, firing.params ?? {}),
    fence: async () => {},
    failPoint: (name) => failPoint(deps.failPoint, name),
  };
  const { answer = {} } = await job.run(ctx, deps.config);
  return { status: 200, outcome: answer.skipped === true ? 'skipped' : 'succeeded', body: answer };
}
