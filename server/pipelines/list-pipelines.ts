import { sql } from '#db/drizzle.ts';
import type { RUN_STATUSES } from '#db/schema/index.ts';
import type { Policies, Schedule } from '#server/ir/index.ts';
import { decodeCursor, query, toPage, withTransaction } from '#server/lib/index.ts';
import { describeSchedule } from '#server/schedules/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { labelCondition, labelsOf } from './labels.ts';

type Row = {
  id: string;
  name: string;
  description: string;
  owner: string;
  liveVersion: number | null;
  latestVersion: number;
  labels: Record<string, string>;
  schedule: Schedule | null;
  policies: Policies | null;
  isEnabled: boolean | null;
  pausedAt: string | null;
  pausedBy: string | null;
  pauseReason: string | null;
  pauseUntil: string | null;
  lastRunId: string | null;
  lastRunStatus: (typeof RUN_STATUSES)[number] | null;
  lastRunAt: string | null;
  createdAt: string;
  updatedAt: string;
};

export type ListPipelines = {
  label?: string[] | undefined;
  search?: string | undefined;
  limit: number;
  cursor?: string | undefined;
};

/** The columns of a pipeline with its schedule and last run; `p` is pipelines. One index probe a row for the run. */
export const pipelineSelect = (tenantId: string) => sql`
  select p.id, p.name, p.description, p.owner, p.live_version as "liveVersion", p.latest_version as "latestVersion",
    ${labelsOf(tenantId)} as labels, s.schedule, s.policies, s.enabled as "isEnabled", case when s.pause_until <= now() then null else s.paused_at end as "pausedAt",
    s.paused_by as "pausedBy", s.pause_reason as "pauseReason", s.pause_until as "pauseUntil",
    r.id as "lastRunId", r.status as "lastRunStatus", coalesce(r.started_at, r.queued_at) as "lastRunAt",
    p.created_at as "createdAt", p.updated_at as "updatedAt"
  from pipelines p
  left join schedules s on s.tenant_id = ${tenantId} and s.pipeline_id = p.id and s.enabled
  left join lateral (select id, status, started_at, queued_at from runs
    where tenant_id = ${tenantId} and pipeline_id = p.id order by id desc limit 1) r on true`;

const instant = (text: string | null) => (text === null ? null : new Date(text).toISOString());

export function pipelineItem(row: Row) {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    owner: row.owner,
    labels: row.labels,
    liveVersion: row.liveVersion,
    latestVersion: row.latestVersion,
    schedule: row.schedule,
    scheduleWords: row.schedule ? describeSchedule(row.schedule) : null,
    timezone: row.schedule ? ('timezone' in row.schedule ? row.schedule.timezone : 'UTC') : null,
    paused: row.pausedAt
      ? { at: instant(row.pausedAt)!, by: row.pausedBy, reason: row.pauseReason, until: instant(row.pauseUntil) }
      : null,
    lastRunId: row.lastRunId,
    lastRunStatus: row.lastRunStatus,
    lastRunAt: instant(row.lastRunAt),
    createdAt: instant(row.createdAt)!,
    updatedAt: instant(row.updatedAt)!,
  };
}
export type PipelineItem = ReturnType<typeof pipelineItem>;

/** The tenant's pipelines by name. `search` matches name or description; labels are ANDed. */
export function listPipelines(ctx: Ctx, input: ListPipelines) {
  const tenantId = ctx.tenant.id;
  const after = input.cursor ? decodeCursor(input.cursor, 1)[0]! : null;
  const pattern = input.search ? `%${input.search.replace(/[\\%_]/g, '\\$&')}%` : null;
  return withTransaction(ctx, async (tx) => {
    const rows = await query<Row>(
      tx,
      sql`${pipelineSelect(tenantId)} where p.tenant_id = ${tenantId} and p.archived_at is null
        and ${labelCondition(tenantId, input.label ?? [])}
        and ${pattern === null ? sql`true` : sql`(p.name ilike ${pattern} or p.description ilike ${pattern})`}
        and ${after === null ? sql`true` : sql`p.name > ${after}`}
      order by p.name limit ${input.limit + 1}`,
    );
    const page = toPage(rows, input.limit, (row) => [row.name]);
    return { items: page.items.map(pipelineItem), nextCursor: page.nextCursor };
  });
}
export type { Row as PipelineSelectRow };
