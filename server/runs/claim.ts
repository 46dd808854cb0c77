import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { query, type Tx, transaction } from '#server/lib/index.ts';
import { CLAIM_SCAN } from './config.ts';
import { perTenant } from './switch-tenant.ts';

/** A run that this runner holds, as long as its lease lasts and its token is the queue's. */
export type ClaimedRun = {
  runId: string;
  tenantId: string;
  pipelineId: string;
  /** The fencing token: only its holder can commit the run. */
  token: number;
  attempt: number;
  maxAttempts: number;
};

/** "mscl". Claims stand in line, or two at once would each fill the same tenant's or pipeline's last place. */
const CLAIM_LOCK = 0x6d73636c;

/**
 * Takes up to `limit` due runs and starts their next attempt. Tenants take turns: who has fewer running goes
 * first. A tenant's and a pipeline's limits on runs at once are kept; suspended tenants wait.
 */
export async function claimRuns(
  pool: Pool,
  options: { runner: string; limit: number; leaseMs: number },
): Promise<ClaimedRun[]> {
  // Short limits: whoever stalls while holding the lock must not stop the other runners for long.
  return transaction(pool, { statementTimeoutMs: 10_000, idleTimeoutMs: 5_000 }, async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(${CLAIM_LOCK})`);
    const claimed = await query<ClaimedRun>(tx, claimStatement(options));
    await perTenant(tx, claimed, async (own, tenantId) => {
      const started = JSON.stringify(own);
      await tx.execute(sql`update runs r set status = 'running', attempt = c.attempt, started_at = coalesce(r.started_at, clock_timestamp())
        from jsonb_to_recordset(${started}::jsonb) as c("runId" uuid, attempt int)
        where r.tenant_id = ${tenantId} and r.id = c."runId"`);
      await markLate(tx, tenantId, started);
      await tx.execute(sql`insert into run_attempts (tenant_id, run_id, attempt, token, runner, status, started_at)
        select ${tenantId}, c."runId", c.attempt, c.token, ${options.runner}, 'running', clock_timestamp()
        from jsonb_to_recordset(${started}::jsonb) as c("runId" uuid, attempt int, token bigint)`);
    });
    return claimed;
  });
}

/**
 * An occurrence whose run starts more than max(60 s, 2 × interval) after it was due is late, not fired. The tick
 * cannot know: the run may have waited in the queue since. This is when it is decided: alerts count from here.
 */
async function markLate(tx: Tx, tenantId: string, started: string): Promise<void> {
  await tx.execute(sql`update occurrences o set verdict = 'late', decided_at = clock_timestamp(),
      reason = 'its run started ' || round(extract(epoch from r.started_at - r.scheduled_for)) || ' s after it was due'
    from jsonb_to_recordset(${started}::jsonb) as c("runId" uuid, attempt int)
    join runs r on r.tenant_id = ${tenantId} and r.id = c."runId"
    where c.attempt = 1 and o.schedule_id = r.schedule_id and o.due_at = r.scheduled_for and o.run_id = r.id and o.verdict = 'fired'
      and r.started_at - r.scheduled_for > greatest(interval '60 seconds', 2 * (r.interval_end - r.interval_start))`);
}

// `place` is the tenant's turn: its running runs first, then one for each run it would get. The scan of each
// tenant's head is bounded, and pipelines at their limit are left out of it, so that a thousand waiting runs of
// one pipeline hide neither another pipeline nor another tenant.
function claimStatement(options: { runner: string; limit: number; leaseMs: number }) {
  return sql`with tenant as (
      select t.tenant_id, t.max_concurrent_runs, count(q.run_id) as running
      from queue_tenants() t left join run_queue q on q.tenant_id = t.tenant_id and q.claimed_by is not null
      where t.is_active group by t.tenant_id, t.max_concurrent_runs having count(q.run_id) < t.max_concurrent_runs),
    busy as (
      select tenant_id, pipeline_id, count(*) as running from run_queue where claimed_by is not null group by 1, 2),
    head as (
      select h.*, tenant.running as tenant_running, tenant.max_concurrent_runs as tenant_limit, coalesce(busy.running, 0) + row_number()
          over (partition by h.tenant_id, h.pipeline_id order by h.priority desc, h.available_at, h.run_id) as pipeline_place
      from tenant cross join lateral (
        select q.run_id, q.tenant_id, q.pipeline_id, q.priority, q.available_at, q.max_concurrent_runs
        from run_queue q
        where q.tenant_id = tenant.tenant_id and q.claimed_by is null and q.available_at <= clock_timestamp()
          and not exists (select 1 from busy b where b.tenant_id = q.tenant_id and b.pipeline_id = q.pipeline_id
            and b.running >= q.max_concurrent_runs)
        order by q.priority desc, q.available_at, q.run_id limit ${CLAIM_SCAN}::int) h
      left join busy on busy.tenant_id = h.tenant_id and busy.pipeline_id = h.pipeline_id),
    fit as (
      select run_id, available_at, tenant_limit, tenant_running + row_number()
          over (partition by tenant_id order by priority desc, available_at, run_id) as place
      from head where pipeline_place <= max_concurrent_runs),
    chosen as (
      select q.run_id from fit join run_queue q on q.run_id = fit.run_id and q.claimed_by is null
      where fit.place <= fit.tenant_limit
      order by fit.place, fit.available_at, fit.run_id limit ${options.limit}::int
      for update of q skip locked)
    update run_queue q set claimed_by = ${options.runner}, claimed_at = clock_timestamp(), token = q.token + 1, attempt = q.attempt + 1,
      lease_until = clock_timestamp() + make_interval(secs => ${options.leaseMs / 1_000}::float8), progress = null
    from chosen where q.run_id = chosen.run_id
    returning q.run_id as "runId", q.tenant_id as "tenantId", q.pipeline_id as "pipelineId", q.token::float8 as token,
      q.attempt, q.max_attempts as "maxAttempts"`;
}
