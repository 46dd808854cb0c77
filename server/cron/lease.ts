// Who runs a job. The lease is the token in cron_jobs: it grows with every claim, and whoever does not hold the
// latest can neither renew, nor record an end, nor commit a fenced transaction. How long it lasts stands in the
// run's own row, so that heartbeats and the job's transactions do not wait for each other.

import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import type { CronTenantOutcome } from '#db/schema/index.ts';
import { CLAIM_LOCK } from '#server/jobs/index.ts';
import { newId, query, queryOne, ServiceError, type Tx, transaction } from '#server/lib/index.ts';

const CLAIM_TIMEOUT_MS = 15_000;
const RENEW_TIMEOUT_MS = 5_000;

export type RunRequest = {
  job: string;
  trigger: 'schedule' | 'http' | 'operator';
  /** The due instant of a scheduled firing; null: runs whenever nobody else is at it. */
  slot: Date | null;
  params: Record<string, string>;
  requestedBy: string;
  /** Of a scheduled firing by the worker: when the job fires next. Stored with the claim, so that neither is lost. */
  nextFireAt?: Date | null;
  /** The row in cron_requests that this run answers; it goes with the claim. */
  requestId?: string;
};
export type Lease = { job: string; runId: string; token: number };
/** `held`: another run is at it. `done`: this slot has had its run. */
export type Claim = { kind: 'claimed'; lease: Lease; attempt: number } | { kind: 'held' } | { kind: 'done' };

/** Takes the job when nobody has it or its holder fell silent; the row of a silent holder becomes `abandoned`. */
export function claimRun(pool: Pool, request: RunRequest, holder: { processId: string; leaseMs: number }) {
  return transaction<Claim>(pool, { statementTimeoutMs: CLAIM_TIMEOUT_MS }, async (tx) => {
    const { job } = request;
    await tx.execute(sql`select pg_advisory_xact_lock(${CLAIM_LOCK}::int, hashtext(${job}))`);
    await tx.execute(sql`insert into cron_jobs (job) values (${job}) on conflict do nothing`);
    const before = await queryOne<{ token: string; runId: string | null; isHeld: boolean }>(
      tx,
      sql`select j.token, j.run_id as "runId", coalesce(r.outcome = 'running' and r.lease_until > clock_timestamp(), false) as "isHeld"
        from cron_jobs j left join cron_runs r on r.id = j.run_id where j.job = ${job}`,
    );
    // First: a slot or an operator's request that comes while the job is held stays due.
    if (before.isHeld) return { kind: 'held' };
    if (!(await takeOccasion(tx, request))) return { kind: 'done' };
    const lease = { job, runId: newId(), token: Number(before.token) + 1 };
    // Waits for a fenced transaction of the holder before; after it that holder commits nothing more.
    await tx.execute(sql`update cron_jobs set token = ${lease.token}::bigint, run_id = null where job = ${job}`);
    if (before.runId) await abandon(tx, before.runId);
    const run = await putRun(tx, request, lease, holder);
    if (!run) return { kind: 'done' };
    await tx.execute(sql`update cron_jobs set run_id = ${run.id}::uuid where job = ${job}`);
    return { kind: 'claimed', lease: { ...lease, runId: run.id }, attempt: run.attempt };
  });
}

/** Moves the next fire on, or takes the operator's request. False: another worker has taken that request. */
async function takeOccasion(tx: Tx, request: RunRequest): Promise<boolean> {
  const { job, slot, nextFireAt, requestId } = request;
  if (slot && nextFireAt !== undefined)
    await tx.execute(sql`update cron_jobs set next_fire_at = ${nextFireAt?.toISOString() ?? null}::timestamptz
      where job = ${job} and next_fire_at <= ${slot.toISOString()}::timestamptz`);
  if (requestId === undefined) return true;
  const taken = await query(tx, sql`delete from cron_requests where id = ${requestId}::uuid returning 1 as one`);
  return taken.length > 0;
}

// It ended when its lease did, as far as anybody knows.
async function abandon(tx: Tx, runId: string): Promise<void> {
  await tx.execute(sql`update cron_runs set outcome = 'abandoned', lease_until = null,
      finished_at = greatest(started_at, least(coalesce(lease_until, clock_timestamp()), clock_timestamp())),
      error = 'process ' || process_id || ' stopped renewing the lease; another run took it over'
    where id = ${runId}::uuid and outcome = 'running'`);
}

/** A slot has one row: a run that failed or was abandoned may be tried again under it, one that was done may not. */
async function putRun(tx: Tx, request: RunRequest, lease: Lease, holder: { processId: string; leaseMs: number }) {
  const slot = request.slot?.toISOString() ?? null;
  const [run] = await query<{ id: string; attempt: number }>(
    tx,
    sql`insert into cron_runs as r (id, job, slot, process_id, trigger, requested_by, params, token, started_at, lease_until)
      values (${lease.runId}::uuid, ${lease.job}, ${slot}::timestamptz, ${holder.processId}, ${request.trigger},
        ${request.requestedBy}, ${JSON.stringify(request.params)}::text::jsonb, ${lease.token}::bigint, clock_timestamp(),
        clock_timestamp() + make_interval(secs => ${holder.leaseMs / 1_000}::float8))
      on conflict (job, slot) do update set process_id = excluded.process_id, trigger = excluded.trigger,
        requested_by = excluded.requested_by, params = excluded.params, token = excluded.token,
        started_at = excluded.started_at, lease_until = excluded.lease_until, finished_at = null, outcome = 'running',
        error = null, counts = '{}', per_tenant = '[]', attempt = r.attempt + 1
        where r.outcome in ('failed', 'abandoned')
      returning r.id, r.attempt`,
  );
  return run ?? null;
}

/** False: the lease is another's now. Refused after the run's end, so that a late heartbeat revives nothing. */
export function renewLease(pool: Pool, lease: Lease, leaseMs: number): Promise<boolean> {
  return transaction(pool, { statementTimeoutMs: RENEW_TIMEOUT_MS }, async (tx) => {
    const renewed = await query(
      tx,
      sql`update cron_runs set lease_until = clock_timestamp() + make_interval(secs => ${leaseMs / 1_000}::float8)
        where id = ${lease.runId}::uuid and token = ${lease.token}::bigint and outcome = 'running' returning 1 as one`,
    );
    return renewed.length > 0;
  });
}

/** @throws ServiceError JOB_LEASE_LOST. Until this transaction ends, nobody can take the job over. */
export async function fenceLease(tx: Tx, lease: Lease): Promise<void> {
  const held = await query(
    tx,
    sql`select 1 as one from cron_jobs
      where job = ${lease.job} and token = ${lease.token}::bigint and run_id = ${lease.runId}::uuid for share`,
  );
  if (held.length === 0)
    throw new ServiceError(
      'JOB_LEASE_LOST',
      `another run of ${lease.job} has taken over; this one writes nothing more`,
    );
}

export type RunEnd = {
  /** `abandoned`: stopped with its process, for another to go on. */
  outcome: 'succeeded' | 'partial' | 'failed' | 'abandoned';
  counts: Record<string, number>;
  perTenant: CronTenantOutcome[];
  error: string | null;
};

/** Records the end and frees the lease together. False: the lease was lost, and nothing was recorded. */
export function finishRun(pool: Pool, lease: Lease, end: RunEnd): Promise<boolean> {
  return transaction(pool, { statementTimeoutMs: CLAIM_TIMEOUT_MS }, async (tx) => {
    const freed = await query(
      tx,
      sql`update cron_jobs set run_id = null
        where job = ${lease.job} and token = ${lease.token}::bigint and run_id = ${lease.runId}::uuid returning 1 as one`,
    );
    if (freed.length === 0) return false;
    await tx.execute(sql`update cron_runs set outcome = ${end.outcome}, finished_at = clock_timestamp(), lease_until = null,
        counts = ${JSON.stringify(end.counts)}::text::jsonb, per_tenant = ${JSON.stringify(end.perTenant)}::text::jsonb,
        error = ${end.error}
      where id = ${lease.runId}::uuid`);
    return true;
  });
}
