// What a rule can watch: figures of one tenant, each one statement that an index serves.
import { type SQL, sql } from '#db/drizzle.ts';
import { positiveOutcomesOf } from '#server/engagement/index.ts';
import { query, type Tx } from '#server/lib/index.ts';
import { countBacklog } from '#server/outbox/index.ts';
import { latestExpected } from '#server/scheduler/index.ts';

export const ALERT_METRICS = [
  'schedule_lag_minutes',
  'missed_occurrences',
  'late_occurrences',
  'failed_runs',
  'outbox_pending',
  'outbox_oldest_age_seconds',
  'outbox_failed',
  'dlq_depth',
  'job_failures',
  'acceptance_rate',
] as const;
export type AlertMetric = (typeof ALERT_METRICS)[number];

type Metric = {
  /** For people: what the number is. */
  says: string;
  unit: string;
  /** It counts over the rule's window; the others are figures of the moment that must stay over for the window. */
  isWindowed: boolean;
  /** Null: there is nothing to measure, which no threshold is over. */
  read(tx: Tx, tenantId: string, windowMinutes: number): Promise<number | null>;
};

/** Deeper than this nobody counts: an evaluation must stay cheap. */
const COUNT_LIMIT = 100_000;
/** A run that fails now may have been queued this long ago. */
const LONGEST_RUN_DAYS = 2;
/** A job that fails now began within it: no job has more than ten minutes, and no lease outlasts its process for long. */
const LONGEST_JOB_MINUTES = 60;

async function value(tx: Tx, statement: SQL): Promise<number | null> {
  const [row] = await query<{ value: string | number | null }>(tx, statement);
  return row?.value === null || row?.value === undefined ? null : Number(row.value);
}
const since = (windowMinutes: number) => sql`now() - make_interval(mins => ${windowMinutes})`;

/**
 * By when it became known: a stretch of an outage was due long before the scheduler came back to write it down, and a
 * late start is late for twice its interval before it is one. A stretch that grows counts as a whole.
 */
const occurrences = (verdicts: SQL) => (tx: Tx, tenantId: string, windowMinutes: number) =>
  value(
    tx,
    sql`select coalesce(sum(count), 0) as value from occurrences
      where tenant_id = ${tenantId} and decided_at > ${since(windowMinutes)} and verdict in (${verdicts})`,
  );

export const METRICS: Record<AlertMetric, Metric> = {
  schedule_lag_minutes: {
    says: 'How late the latest schedule of any pipeline is; paused ones do not count',
    unit: 'minutes',
    isWindowed: false,
    read: (tx, tenantId) =>
      value(
        tx,
        sql`select max(extract(epoch from greatest(
              case when s.next_fire_at < now() then now() - s.next_fire_at end,
              case when not o.is_settled then coalesce(o.started_at, now()) - o.due_at end)) / 60) as value
          from schedules s
          left join lateral ${latestExpected(tenantId)} o on true
          where s.tenant_id = ${tenantId} and s.enabled
            and (s.paused_at is null or s.pause_until <= now())`,
      ),
  },
  missed_occurrences: {
    says: 'Due instants that did not run (missed, capped or coalesced), of stretches found or grown in the window',
    unit: 'instants',
    isWindowed: true,
    read: occurrences(sql`'missed_window', 'capped', 'coalesced'`),
  },
  late_occurrences: {
    says: 'Due instants whose run was found in the window to have started late',
    unit: 'instants',
    isWindowed: true,
    read: occurrences(sql`'late'`),
  },
  failed_runs: {
    says: 'Runs that failed in the window, after all their attempts',
    unit: 'runs',
    isWindowed: true,
    read: (tx, tenantId, windowMinutes) =>
      value(
        tx,
        sql`select count(*) as value from runs where tenant_id = ${tenantId} and status = 'failed'
          and id > ms_uuid_at(${since(windowMinutes)} - make_interval(days => ${LONGEST_RUN_DAYS}))
          and finished_at > ${since(windowMinutes)}`,
      ),
  },
  outbox_pending: {
    says: 'Events that wait to be published',
    unit: 'events',
    isWindowed: false,
    read: async (tx, tenantId) => (await countBacklog(tx, tenantId)).pending,
  },
  outbox_oldest_age_seconds: {
    says: 'How long the oldest event has been waiting; 0 when none waits',
    unit: 'seconds',
    isWindowed: false,
    read: async (tx, tenantId) => (await countBacklog(tx, tenantId)).oldestPendingAgeSeconds ?? 0,
  },
  outbox_failed: {
    says: 'Events that were set aside and neither requeued nor discarded',
    unit: 'events',
    isWindowed: false,
    read: (tx, tenantId) =>
      value(
        tx,
        sql`select count(*) as value from (select 1 from outbox_events
          where tenant_id = ${tenantId} and failed_at is not null limit ${COUNT_LIMIT}) counted`,
      ),
  },
  dlq_depth: {
    says: `Dead letters that nobody has acknowledged, counted up to ${COUNT_LIMIT.toLocaleString('en-US')}`,
    unit: 'entries',
    isWindowed: false,
    read: (tx, tenantId) =>
      value(
        tx,
        sql`select count(*) as value from (select 1 from dlq_entries
          where tenant_id = ${tenantId} and acked_at is null limit ${COUNT_LIMIT}) counted`,
      ),
  },
  job_failures: {
    says: 'Runs of maintenance jobs that ended in the window by failing, as a whole or for this tenant, or by being abandoned',
    unit: 'runs',
    isWindowed: true,
    read: (tx, tenantId, windowMinutes) =>
      value(
        tx,
        // A process that died wrote no end: its lease did.
        sql`select count(*) as value from cron_runs
          where started_at > ${since(windowMinutes)} - make_interval(mins => ${LONGEST_JOB_MINUTES})
          and coalesce(finished_at, lease_until) > ${since(windowMinutes)}
          and (outcome in ('failed', 'abandoned') or (outcome = 'running' and lease_until < now())
            or per_tenant @> jsonb_build_array(jsonb_build_object('tenantId', ${tenantId}::text, 'ok', false)))`,
      ),
  },
  acceptance_rate: {
    says: 'Positive outcomes per interaction recorded in the window; nothing when there was none',
    unit: 'ratio',
    isWindowed: true,
    read: async (tx, tenantId, windowMinutes) => {
      const positive = await positiveOutcomesOf(tx, tenantId);
      const names = sql.join(
        positive.map((name) => sql`${name}`),
        sql`, `,
      );
      return value(
        tx,
        sql`select (select count(*) from interaction_outcomes where tenant_id = ${tenantId}
              and id > ms_uuid_at(${since(windowMinutes)}) and lower(outcome) = any(array[${names}]::text[]))::float8
            / nullif((select count(*) from interaction_history where tenant_id = ${tenantId}
              and id > ms_uuid_at(${since(windowMinutes)})), 0) as value`,
      );
    },
  },
};
