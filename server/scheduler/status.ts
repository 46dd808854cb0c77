// What /data/scheduler shows: per pipeline its schedule, last run, lag, coming fires and the last 24 hours.
import { sql } from '#db/drizzle.ts';
import type { RUN_STATUSES, VERDICTS } from '#db/schema/index.ts';
import type { Policies, Schedule } from '#server/ir/index.ts';
import { decodeCursor, query, queryOne, type Tx, toPage, withTransaction } from '#server/lib/index.ts';
import { labelCondition, labelsOf } from '#server/pipelines/index.ts';
import { describeSchedule, nextFires } from '#server/schedules/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { lagMinutes } from './lag.ts';
import { latestExpected } from './latest-expected.ts';

const NEXT_FIRES = 5;
/** The timeline is drawn from half-hour buckets: a minutely pipeline has 1,440 instants a day. */
const BUCKET_MINUTES = 30;

type RunStatus = (typeof RUN_STATUSES)[number];
type Verdict = (typeof VERDICTS)[number];
type Row = {
  pipelineId: string;
  name: string;
  labels: Record<string, string>;
  schedule: Schedule | null;
  policies: Policies | null;
  nextFireAt: string | null;
  pausedAt: string | null;
  pausedBy: string | null;
  pauseReason: string | null;
  pauseUntil: string | null;
  lastRunId: string | null;
  lastRunStatus: RunStatus | null;
  lastRunAt: string | null;
  expectedAt: string | null;
  expectedStartedAt: string | null;
  isSettled: boolean;
};
type Bucket = {
  pipelineId: string;
  dueAt: string;
  until: string;
  count: string;
  verdict: Verdict;
  reason: string;
  runId: string | null;
};

export type SchedulerStatusInput = { label?: string[] | undefined; limit: number; cursor?: string | undefined };

/** The tenant's live pipelines by name, a page at a time; three statements whatever the page's size. */
export function schedulerStatus(ctx: Ctx, input: SchedulerStatusInput) {
  return withTransaction(ctx, async (tx) => {
    const health = await schedulerHealth(tx, ctx.tenant.id);
    const rows = await readRows(tx, ctx.tenant.id, input);
    const page = toPage(rows, input.limit, (row) => [row.name]);
    const recent = await readRecent(
      tx,
      ctx.tenant.id,
      page.items.map((row) => row.pipelineId),
    );
    const now = new Date(health.now);
    return {
      items: page.items.map((row) => statusItem(row, recent.get(row.pipelineId) ?? [], now)),
      nextCursor: page.nextCursor,
      health,
    };
  });
}

function readRows(tx: Tx, tenantId: string, input: SchedulerStatusInput): Promise<Row[]> {
  const after = input.cursor ? decodeCursor(input.cursor, 1)[0]! : null;
  return query<Row>(
    tx,
    sql`select p.id as "pipelineId", p.name, ${labelsOf(tenantId)} as labels, s.schedule, s.policies,
        s.next_fire_at as "nextFireAt", case when s.pause_until <= now() then null else s.paused_at end as "pausedAt", s.paused_by as "pausedBy",
        s.pause_reason as "pauseReason", s.pause_until as "pauseUntil",
        r.id as "lastRunId", r.status as "lastRunStatus", coalesce(r.started_at, r.queued_at) as "lastRunAt",
        o.due_at as "expectedAt", o.started_at as "expectedStartedAt",
        coalesce(o.is_settled, false) as "isSettled"
      from pipelines p
      left join schedules s on s.tenant_id = ${tenantId} and s.pipeline_id = p.id and s.enabled
      left join lateral (select id, status, started_at, queued_at from runs
        where tenant_id = ${tenantId} and pipeline_id = p.id order by id desc limit 1) r on true
      left join lateral ${latestExpected(tenantId)} o on true
      where p.tenant_id = ${tenantId} and p.archived_at is null and p.live_version is not null
        and ${labelCondition(tenantId, input.label ?? [])} and ${after === null ? sql`true` : sql`p.name > ${after}`}
      order by p.name limit ${input.limit + 1}`,
  );
}

async function readRecent(tx: Tx, tenantId: string, pipelineIds: string[]): Promise<Map<string, Bucket[]>> {
  const byPipeline = new Map<string, Bucket[]>();
  if (pipelineIds.length === 0) return byPipeline;
  const ids = sql`array[${sql.join(
    pipelineIds.map((id) => sql`${id}`),
    sql`, `,
  )}]::uuid[]`;
  const rows = await query<Bucket>(
    tx,
    sql`select pipeline_id as "pipelineId", min(due_at) as "dueAt", max(coalesce(due_until, due_at)) as until,
        sum(count) as count, verdict, max(reason) as reason,
        case when sum(count) = 1 then min(run_id::text) end as "runId"
      from occurrences
      where tenant_id = ${tenantId} and pipeline_id = any(${ids}) and due_at > now() - interval '24 hours'
      group by pipeline_id, date_bin(make_interval(mins => ${BUCKET_MINUTES}), due_at, 'epoch'::timestamptz), verdict
      order by 2`,
  );
  for (const row of rows) byPipeline.set(row.pipelineId, [...(byPipeline.get(row.pipelineId) ?? []), row]);
  return byPipeline;
}

const iso = (text: string | null) => (text === null ? null : new Date(text).toISOString());

function statusItem(row: Row, recent: Bucket[], now: Date) {
  const { schedule, policies } = row;
  const fires = schedule && policies ? nextFires(schedule, { after: now, count: NEXT_FIRES, dst: policies.dst }) : [];
  return {
    pipelineId: row.pipelineId,
    name: row.name,
    labels: row.labels,
    schedule,
    scheduleWords: schedule ? describeSchedule(schedule) : null,
    timezone: schedule ? ('timezone' in schedule ? schedule.timezone : 'UTC') : null,
    enabled: schedule !== null,
    paused: row.pausedAt
      ? { at: iso(row.pausedAt)!, by: row.pausedBy, reason: row.pauseReason, until: iso(row.pauseUntil) }
      : null,
    lastRunAt: iso(row.lastRunAt),
    lastRunStatus: row.lastRunStatus,
    lastRunId: row.lastRunId,
    ...lagMinutes({
      hasSchedule: schedule !== null,
      isPaused: row.pausedAt !== null,
      expectedAt: row.expectedAt === null ? null : new Date(row.expectedAt),
      startedAt: row.expectedStartedAt === null ? null : new Date(row.expectedStartedAt),
      isSettled: row.isSettled,
      nextFireAt: row.nextFireAt === null ? null : new Date(row.nextFireAt),
      now,
    }),
    nextFires: fires.map(({ at, local, dst }) => ({ at: at.toISOString(), local, dst: dst ?? null })),
    recent: recent.map((bucket) => ({
      dueAt: iso(bucket.dueAt)!,
      until: bucket.until === bucket.dueAt ? null : iso(bucket.until),
      count: Number(bucket.count),
      verdict: bucket.verdict,
      reason: bucket.reason,
      runId: bucket.runId,
    })),
  };
}

/** The signs by which a dead scheduler differs from one with nothing to do. */
export async function schedulerHealth(tx: Tx, tenantId: string) {
  const row = await queryOne<{ now: string; lastTickAt: string | null; skew: number | null; oldest: string | null }>(
    tx,
    sql`select date_trunc('milliseconds', now()) as now, last_tick_at as "lastTickAt", clock_skew_ms as skew,
        (select min(next_fire_at) from schedules where tenant_id = ${tenantId} and enabled and next_fire_at <= now()) as oldest
      from scheduler_state`,
  );
  const now = new Date(row.now);
  return {
    now: now.toISOString(),
    lastTickAt: iso(row.lastTickAt),
    tickLagSeconds: row.lastTickAt ? Math.max(0, (now.getTime() - new Date(row.lastTickAt).getTime()) / 1_000) : null,
    oldestDueUnfiredAt: iso(row.oldest),
    clockSkewMs: row.skew,
  };
}
