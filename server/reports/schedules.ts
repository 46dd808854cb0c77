import { sql } from '#db/drizzle.ts';
import type { AlertChannel, ReportTemplate } from '#db/schema/index.ts';
import {
  dropUnusedAddresses,
  idsOf,
  type OpenedWebhook,
  openWebhooks,
  sealChannels,
  shownChannels,
} from '#server/alerts/index.ts';
import { recordAudit } from '#server/audit/index.ts';
import { databaseClock, newId, query, queryOne, ServiceError, type Tx, withTransaction } from '#server/lib/index.ts';
import { actorName, type Ctx } from '#server/tenancy/index.ts';
import { makeReport } from './make-report.ts';
import { lastInstant, nextInstant, requireRule, trailingPeriod } from './period.ts';
import type { ReportScheduleInput, UpdateReportScheduleInput } from './schemas.ts';

/** A tenant's report schedules at most. */
const MAX_SCHEDULES = 100;
/** "renm": the first half of the advisory lock under which a tenant's schedules are counted, made and named. */
const NAMES_LOCK = 0x72656e6d;
/** Two that ask at once: the second waits for the end of the first, and then sees its schedule. Before any row is locked. */
const lockNames = (tx: Tx, tenantId: string) =>
  tx.execute(sql`select pg_advisory_xact_lock(${NAMES_LOCK}::int, hashtext(${tenantId}))`);

type Row = {
  id: string;
  name: string;
  template: ReportTemplate;
  cron: string;
  timezone: string;
  channels: AlertChannel[];
  enabled: boolean;
  nextAt: string | null;
  coveredTo: string;
  lastError: string | null;
  createdBy: string;
};
const columns = sql`id, name, template, cron, timezone, channels, enabled,
  case when enabled then next_at end as "nextAt", covered_to as "coveredTo", last_error as "lastError",
  created_by as "createdBy"`;

/** The tenant's report schedules by name. */
export function listReportSchedules(ctx: Ctx) {
  return withTransaction(ctx, async (tx) => {
    const rows = await query<Row>(
      tx,
      sql`select ${columns} from report_schedules where tenant_id = ${ctx.tenant.id} order by name limit ${MAX_SCHEDULES}`,
    );
    return {
      items: rows.map((row) => ({
        ...row,
        nextAt: row.nextAt === null ? null : new Date(row.nextAt).toISOString(),
        coveredTo: new Date(row.coveredTo).toISOString(),
        channels: shownChannels(row.channels),
      })),
    };
  });
}

/** The webhooks that a schedule sends to, with their addresses. @throws ServiceError REPORT_SCHEDULE_NOT_FOUND */
export function readScheduleWebhooks(ctx: Ctx, id: string): Promise<OpenedWebhook[]> {
  return withTransaction(ctx, async (tx) => {
    const [schedule] = await query<{ channels: AlertChannel[] }>(
      tx,
      sql`select channels from report_schedules where tenant_id = ${ctx.tenant.id} and id = ${id}`,
    );
    if (!schedule) throw notFound(id);
    return openWebhooks(tx, ctx.tenant.id, schedule.channels);
  });
}

/**
 * The first report covers the stretch since the rule's last instant.
 * @throws ServiceError INPUT_INVALID, REPORT_NAME_TAKEN, REPORTS_FULL, SECRETS_UNAVAILABLE
 */
export function createReportSchedule(ctx: Ctx, input: ReportScheduleInput): Promise<{ id: string }> {
  return withTransaction(ctx, async (tx) => {
    const tenantId = ctx.tenant.id;
    await lockNames(tx, tenantId);
    const now = await databaseClock.now(tx);
    requireRule(input, now);
    const { schedules } = await queryOne<{ schedules: number }>(
      tx,
      sql`select count(*)::int as schedules from report_schedules where tenant_id = ${tenantId}`,
    );
    if (schedules >= MAX_SCHEDULES)
      throw new ServiceError(
        'REPORTS_FULL',
        `there are ${schedules} report schedules, and ${MAX_SCHEDULES} is the most; delete one that nobody reads`,
      );
    const id = newId();
    const channels = await sealChannels(tx, tenantId, input.channels);
    const made = await query(
      tx,
      sql`insert into report_schedules (tenant_id, id, name, template, cron, timezone, channels, enabled, next_at,
          covered_to, created_by)
        values (${tenantId}, ${id}, ${input.name}, ${input.template}, ${input.cron}, ${input.timezone},
          ${JSON.stringify(channels)}::jsonb, ${input.enabled},
          ${nextInstant(input, now)?.toISOString() ?? null}::timestamptz,
          ${lastInstant(input, now).toISOString()}::timestamptz, ${actorName(ctx.actor)})
        on conflict (tenant_id, name) do nothing returning 1`,
    );
    if (made.length === 0) throw nameTaken(input.name);
    await recordAudit(tx, ctx, {
      ...{
        action: 'report.create',
        targetKind: 'report_schedule',
        targetId: id,
        after: shownOf({ ...input, channels }),
      },
      details: { name: input.name },
    });
    return { id };
  });
}

/**
 * Replaces a schedule. Another rule begins with its own next instant; one that was off begins as a new one does. A
 * webhook's address that comes back masked stays what it is.
 * @throws ServiceError INPUT_INVALID, REPORT_SCHEDULE_NOT_FOUND, REPORT_NAME_TAKEN, SECRETS_UNAVAILABLE
 */
export function updateReportSchedule(ctx: Ctx, input: UpdateReportScheduleInput): Promise<{ id: string }> {
  return withTransaction(ctx, async (tx) => {
    const tenantId = ctx.tenant.id;
    await lockNames(tx, tenantId);
    const before = await lockSchedule(tx, tenantId, input.id);
    const now = await databaseClock.now(tx);
    requireRule(input, now);
    const isSame = before.enabled && before.cron === input.cron && before.timezone === input.timezone;
    const nextAt = isSame ? before.nextAt : (nextInstant(input, now)?.toISOString() ?? null);
    const coveredTo = before.enabled ? before.coveredTo : lastInstant(input, now).toISOString();
    const taken = await query(
      tx,
      sql`select 1 from report_schedules where tenant_id = ${tenantId} and name = ${input.name} and id <> ${input.id}`,
    );
    if (taken.length > 0) throw nameTaken(input.name);
    const channels = await sealChannels(tx, tenantId, input.channels, before.channels);
    await tx.execute(sql`update report_schedules set name = ${input.name}, template = ${input.template},
        cron = ${input.cron}, timezone = ${input.timezone}, channels = ${JSON.stringify(channels)}::jsonb,
        enabled = ${input.enabled}, next_at = ${nextAt}::timestamptz, covered_to = ${coveredTo}::timestamptz,
        last_error = null, updated_at = now()
      where tenant_id = ${tenantId} and id = ${input.id}`);
    await dropUnusedAddresses(tx, tenantId, idsOf(before.channels));
    await recordAudit(tx, ctx, {
      ...{ action: 'report.update', targetKind: 'report_schedule', targetId: input.id },
      ...{ before: shownOf(before), after: shownOf({ ...input, channels }), details: { name: input.name } },
    });
    return { id: input.id };
  });
}

/** Its reports stay. @throws ServiceError REPORT_SCHEDULE_NOT_FOUND */
export function deleteReportSchedule(ctx: Ctx, input: { id: string }): Promise<{ id: string }> {
  return withTransaction(ctx, async (tx) => {
    const before = await lockSchedule(tx, ctx.tenant.id, input.id);
    await tx.execute(sql`delete from report_schedules where tenant_id = ${ctx.tenant.id} and id = ${input.id}`);
    await dropUnusedAddresses(tx, ctx.tenant.id, idsOf(before.channels));
    await recordAudit(tx, ctx, {
      ...{ action: 'report.delete', targetKind: 'report_schedule', targetId: input.id },
      ...{ before: shownOf(before), details: { name: before.name } },
    });
    return { id: input.id };
  });
}

/**
 * Makes a report of the stretch up to now, as long as from one instant of the rule to the next, and sends it to the
 * schedule's destinations. What the schedule makes by itself stays as it is.
 * @throws ServiceError REPORT_SCHEDULE_NOT_FOUND
 */
export function runReportNow(ctx: Ctx, input: { id: string }): Promise<{ reportId: string }> {
  return withTransaction(ctx, async (tx) => {
    const schedule = await lockSchedule(tx, ctx.tenant.id, input.id);
    const { from, to } = trailingPeriod(schedule, await databaseClock.now(tx));
    const { id: scheduleId, name: scheduleName, template, timezone, channels } = schedule;
    const { id: reportId } = await makeReport(tx, ctx.tenant.id, {
      ...{ scheduleId, scheduleName, template, timezone, channels },
      period: { from: from.toISOString(), to: to.toISOString() },
      ...{ carried: null, dueAt: null, madeBy: actorName(ctx.actor) },
    });
    await recordAudit(tx, ctx, {
      ...{ action: 'report.run', targetKind: 'report_schedule', targetId: input.id },
      details: { name: scheduleName, reportId },
    });
    return { reportId };
  });
}

type Described = Omit<ReportScheduleInput, 'channels'> & { channels: AlertChannel[] };
const shownOf = ({ name, template, cron, timezone, enabled, channels }: Described) => ({
  ...{ name, template, cron, timezone, enabled },
  channels: shownChannels(channels),
});

const nameTaken = (name: string) =>
  new ServiceError('REPORT_NAME_TAKEN', `there is a report schedule "${name}" already; choose another name`);

async function lockSchedule(tx: Tx, tenantId: string, id: string): Promise<Row> {
  const [row] = await query<Row>(
    tx,
    sql`select ${columns} from report_schedules where tenant_id = ${tenantId} and id = ${id} for update`,
  );
  if (!row) throw notFound(id);
  return row;
}

const notFound = (id: string) => new ServiceError('REPORT_SCHEDULE_NOT_FOUND', `no report schedule ${id}`);
