import { sql } from '#db/drizzle.ts';
import { queryOne, type Tx } from '#server/lib/index.ts';
import { type Decision, isFiring } from '#server/schedules/index.ts';
import type { DueRow } from './read-due.ts';

export type NewRun = { runId: string; dueAt: Date; intervalStart: Date; intervalEnd: Date; delayMs: number };
export type Decided = {
  row: DueRow;
  decision: Decision;
  runs: NewRun[];
  /** The pause had an end and it has come: the row is unpaused with its first decision afterwards. */
  hasPauseEnded: boolean;
};

export type Applied = { instants: number; fired: number; verdicts: Record<string, number> };

/**
 * Ledger rows, runs, queue rows and next fires of all decisions in one statement. A run is made only where its
 * ledger row was: an instant that the ledger already has makes nothing, whoever asks.
 */
export async function applyDecisions(tx: Tx, decided: readonly Decided[]): Promise<Applied> {
  if (decided.length === 0) return { instants: 0, fired: 0, verdicts: {} };
  const ledger = JSON.stringify(decided.flatMap(ledgerRows));
  const runs = JSON.stringify(decided.flatMap(runRows));
  const moves = JSON.stringify(
    decided.map(({ row, decision, hasPauseEnded }) => ({
      tenant_id: row.tenantId,
      id: row.scheduleId,
      next_fire_at: decision.nextFireAt,
      unpause: hasPauseEnded,
    })),
  );
  const { fired, verdicts } = await queryOne<{ fired: number; verdicts: Record<string, number> | null }>(
    tx,
    sql`with d as (select * from jsonb_to_recordset(${ledger}::jsonb) as x(schedule_id uuid, tenant_id uuid, pipeline_id uuid,
        due_at timestamptz, due_until timestamptz, count bigint, verdict text, reason text, run_id uuid, extends_at timestamptz)),
      extended as (update occurrences o set due_until = coalesce(d.due_until, d.due_at), count = o.count + d.count,
          reason = d.reason, decided_at = now()
        from d where d.extends_at is not null and o.schedule_id = d.schedule_id and o.due_at = d.extends_at
          and coalesce(o.due_until, o.due_at) < d.due_at
        returning d.verdict, d.count),
      ledger as (insert into occurrences (schedule_id, tenant_id, pipeline_id, due_at, due_until, count, verdict, reason, run_id)
        select schedule_id, tenant_id, pipeline_id, due_at, due_until, count, verdict, reason, run_id from d where extends_at is null
        on conflict (schedule_id, due_at) do nothing returning verdict, count, run_id),
      r as (select x.* from jsonb_to_recordset(${runs}::jsonb) as x(run_id uuid, tenant_id uuid, pipeline_id uuid, schedule_id uuid,
          version int, due_at timestamptz, interval_start timestamptz, interval_end timestamptz, max_attempts int,
          max_concurrent_runs int, delay_ms float8)
        join ledger on ledger.run_id = x.run_id),
      new_runs as (insert into runs (tenant_id, id, pipeline_id, version, trigger, schedule_id, scheduled_for, interval_start,
          interval_end, max_attempts, requested_by)
        select tenant_id, run_id, pipeline_id, version, 'schedule', schedule_id, due_at, interval_start, interval_end,
          max_attempts, 'system:scheduler' from r),
      queued as (insert into run_queue (run_id, tenant_id, pipeline_id, schedule_id, scheduled_for, max_attempts,
          max_concurrent_runs, available_at)
        select run_id, tenant_id, pipeline_id, schedule_id, due_at, max_attempts, max_concurrent_runs,
          now() + make_interval(secs => delay_ms / 1000) from r),
      moved as (update schedules s set next_fire_at = m.next_fire_at,
          paused_at = case when m.unpause then null else s.paused_at end,
          paused_by = case when m.unpause then null else s.paused_by end,
          pause_reason = case when m.unpause then null else s.pause_reason end,
          pause_until = case when m.unpause then null else s.pause_until end,
          resumed_at = case when m.unpause then s.pause_until else s.resumed_at end
        from jsonb_to_recordset(${moves}::jsonb) as m(tenant_id uuid, id uuid, next_fire_at timestamptz, unpause boolean)
        where s.tenant_id = m.tenant_id and s.id = m.id)
      select (select count(*)::int from r) as fired,
        (select jsonb_object_agg(v.verdict, v.count) from (select verdict, sum(count) as count
          from (select verdict, count from ledger union all select verdict, count from extended) u group by verdict) v) as verdicts`,
  );
  const instants = Object.values(verdicts ?? {}).reduce((sum, count) => sum + count, 0);
  return { instants, fired, verdicts: verdicts ?? {} };
}

function ledgerRows({ row, decision, runs }: Decided) {
  const runAt = new Map(runs.map((run) => [run.dueAt.getTime(), run.runId]));
  return decision.rows.map((one, index) => ({
    schedule_id: row.scheduleId,
    tenant_id: row.tenantId,
    pipeline_id: row.pipelineId,
    due_at: one.dueAt,
    due_until: one.until,
    count: one.count,
    verdict: one.verdict,
    reason: one.reason,
    run_id: runAt.get(one.dueAt.getTime()) ?? null,
    // A pause of a month is one row of the ledger, not 43,200.
    extends_at: index === 0 && !isFiring(one.verdict) && row.lastVerdict === one.verdict ? row.lastDueAt : null,
  }));
}

function runRows({ row, runs }: Decided) {
  return runs.map((run) => ({
    run_id: run.runId,
    tenant_id: row.tenantId,
    pipeline_id: row.pipelineId,
    schedule_id: row.scheduleId,
    version: row.version,
    due_at: run.dueAt,
    interval_start: run.intervalStart,
    interval_end: run.intervalEnd,
    max_attempts: row.maxAttempts,
    max_concurrent_runs: row.policies.maxConcurrentRuns,
    delay_ms: run.delayMs,
  }));
}
