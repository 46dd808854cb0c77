import { type SQL, sql } from '#db/drizzle.ts';
import type { Policies, Schedule } from '#server/ir/index.ts';
import { query, queryOne, type Tx } from '#server/lib/index.ts';

export type DueRow = {
  tenantId: string;
  scheduleId: string;
  pipelineId: string;
  version: number;
  schedule: Schedule;
  policies: Policies;
  maxAttempts: number;
  nextFireAt: string;
  pausedAt: string | null;
  pauseUntil: string | null;
  /** The end of the last pause. */
  resumedAt: string | null;
  activeRuns: number;
  waitingRuns: number;
  /** The newest ledger row, when it is a stretch that did not fire: a further instant of its kind extends it. */
  lastDueAt: string | null;
  lastVerdict: string | null;
};

/**
 * Locks and reads what is due, oldest first; by the partial index it touches nothing else. Rows that somebody
 * is publishing or pausing are left for the next tick; so are those whose pause, or whose tenant's suspension, keeps
 * what falls due for later, and those that this tick could not decide (`except`).
 */
export const readDue = (tx: Tx, now: Date, limit: number, except: readonly string[] = []): Promise<DueRow[]> =>
  query<DueRow>(tx, dueStatement(now, limit, except));

/**
 * A row whose pause keeps what falls due for later, as of an instant. A suspension is a pause of all the tenant's
 * schedules; who is suspended is looked up once a statement.
 */
const isHeld = (at: SQL) =>
  sql`(policies ->> 'onPause' = 'queue' and ((paused_at is not null and (pause_until is null or pause_until > ${at}))
    or tenant_id = any(array(select u.tenant_id from suspended_tenants() u))))`;

/**
 * Milliseconds until a tick has something to read, by the database's clock; negative when something is due
 * already, null when nothing will be.
 */
export async function msToNextDue(tx: Tx): Promise<number | null> {
  const { ms } = await queryOne<{ ms: number | null }>(
    tx,
    sql`select (extract(epoch from min(next_fire_at) - clock_timestamp()) * 1000)::float8 as ms
      from schedules where enabled and next_fire_at is not null and not ${isHeld(sql`now()`)}`,
  );
  return ms;
}

/** Exported for the test that holds its plan. */
export function dueStatement(now: Date, limit: number, except: readonly string[]): SQL {
  const at = sql`${now.toISOString()}::timestamptz`;
  const isLeft = except.length === 0 ? sql`` : sql`and id <> all(${`{${except.join(',')}}`}::uuid[])`;
  return sql`with due as materialized (
        select * from schedules where enabled and next_fire_at <= ${at} ${isLeft}
        and not ${isHeld(at)}
        order by next_fire_at limit ${limit} for update skip locked)
      select s.tenant_id as "tenantId", s.id as "scheduleId", s.pipeline_id as "pipelineId", s.version, s.schedule,
        s.policies, s.max_attempts as "maxAttempts", s.next_fire_at as "nextFireAt", s.paused_at as "pausedAt",
        s.pause_until as "pauseUntil", s.resumed_at as "resumedAt", q.active as "activeRuns", q.waiting as "waitingRuns",
        o.due_at as "lastDueAt", o.verdict as "lastVerdict"
      from due s
      cross join lateral (select count(*)::int as active, (count(*) filter (where claimed_by is null))::int as waiting
        from run_queue q where q.tenant_id = s.tenant_id and q.pipeline_id = s.pipeline_id) q
      left join lateral (select l.due_at, l.verdict from occurrences l where l.schedule_id = s.id
        order by l.due_at desc limit 1) o on o.verdict in ('skipped_paused', 'skipped_overlap', 'coalesced')
      order by s.next_fire_at`;
}
