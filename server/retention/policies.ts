import { and, eq, sql } from '#db/drizzle.ts';
import { DATA_CLASSES, type DataClass, type RetentionMode, retentionPolicies } from '#db/schema/index.ts';
import { recordAudit } from '#server/audit/index.ts';
import { queryOne, type Tx, withTransaction } from '#server/lib/index.ts';
import { actorName, type Ctx } from '#server/tenancy/index.ts';
import { CALLED_DAYS, DEFAULT_REQUEST_DUE_DAYS, PURGE_JOB_NAME } from './config.ts';
import { isDeletedEarly, lockRetention, readPlan } from './plan.ts';
import type { Policy, RetentionOverview, SetPolicyInput } from './schemas.ts';

/** The tenant's policies (one per class, also where there is none), its mode, and when the purge runs. */
export function getOverview(ctx: Ctx): Promise<RetentionOverview> {
  return withTransaction(ctx, async (tx) => {
    const tenantId = ctx.tenant.id;
    const { mode } = await readPlan(tx, tenantId);
    return {
      ...{ mode, policies: await readPolicies(tx, tenantId), requestDueDays: await readRequestDueDays(tx, tenantId) },
      purge: await readPurgeTimes(tx, tenantId),
    };
  });
}

/** Days within which a data request is due that names no date. */
export async function readRequestDueDays(tx: Tx, tenantId: string): Promise<number> {
  const row = await queryOne<{ days: number }>(
    tx,
    sql`select coalesce((select s.request_due_days from retention_settings s where s.tenant_id = ${tenantId}),
      ${DEFAULT_REQUEST_DUE_DAYS}::int) as days`,
  );
  return row.days;
}

/** Sets the policy of one class; what is on hold stays held whatever its days. */
export function setPolicy(ctx: Ctx, input: SetPolicyInput): Promise<Policy> {
  return withTransaction(ctx, async (tx) => {
    const { dataClass, retentionDays, note } = input;
    await lockRetention(tx, ctx.tenant.id);
    const before = (await readPolicies(tx, ctx.tenant.id)).find((policy) => policy.dataClass === dataClass)!;
    const legalHold = input.legalHold ?? before.legalHold;
    const values = { retentionDays, legalHold, note, updatedBy: actorName(ctx.actor) };
    await tx
      .insert(retentionPolicies)
      .values({ tenantId: ctx.tenant.id, dataClass, ...values })
      .onConflictDoUpdate({
        target: [retentionPolicies.tenantId, retentionPolicies.dataClass],
        set: { ...values, updatedAt: sql`now()` },
      });
    const stated = ({ retentionDays, legalHold, note }: Pick<Policy, 'retentionDays' | 'legalHold' | 'note'>) => ({
      ...{ retentionDays, legalHold, note },
    });
    await recordAudit(tx, ctx, {
      action: 'retention.policy',
      targetKind: 'data_class',
      targetId: dataClass,
      before: before.updatedAt === null ? null : stated(before),
      after: stated(values),
    });
    return (await readPolicies(tx, ctx.tenant.id)).find((policy) => policy.dataClass === dataClass)!;
  });
}

/** Chooses whether the smallest days of any class apply to all of them, or each class's own. */
export function setMode(ctx: Ctx, { mode }: { mode: RetentionMode }): Promise<RetentionOverview> {
  return withTransaction(ctx, async (tx) => {
    await lockRetention(tx, ctx.tenant.id);
    const before = (await readPlan(tx, ctx.tenant.id)).mode;
    await tx.execute(sql`update retention_settings set mode = ${mode}, updated_by = ${actorName(ctx.actor)},
      updated_at = now() where tenant_id = ${ctx.tenant.id}`);
    await recordAudit(tx, ctx, {
      action: 'retention.mode',
      targetKind: 'tenant',
      targetId: ctx.tenant.id,
      before: { mode: before },
      after: { mode },
    });
    return getOverview({ ...ctx, tx });
  });
}

/** Says within how many days data requests are due from now on; those that are there keep their date. */
export function setRequestDueDays(
  ctx: Ctx,
  { requestDueDays }: { requestDueDays: number },
): Promise<RetentionOverview> {
  return withTransaction(ctx, async (tx) => {
    await lockRetention(tx, ctx.tenant.id);
    const before = await readRequestDueDays(tx, ctx.tenant.id);
    await tx.execute(sql`update retention_settings set request_due_days = ${requestDueDays}::int,
      updated_by = ${actorName(ctx.actor)}, updated_at = now() where tenant_id = ${ctx.tenant.id}`);
    await recordAudit(tx, ctx, {
      action: 'retention.due',
      targetKind: 'tenant',
      targetId: ctx.tenant.id,
      before: { requestDueDays: before },
      after: { requestDueDays },
    });
    return getOverview({ ...ctx, tx });
  });
}

async function readPolicies(tx: Tx, tenantId: string): Promise<Policy[]> {
  const plan = await readPlan(tx, tenantId);
  const rows = await tx
    .select()
    .from(retentionPolicies)
    .where(and(eq(retentionPolicies.tenantId, tenantId)));
  return DATA_CLASSES.map((dataClass: DataClass) => {
    const row = rows.find((one) => one.dataClass === dataClass);
    const planned = plan.classes[dataClass];
    return {
      dataClass,
      retentionDays: row?.retentionDays ?? null,
      legalHold: row?.legalHold ?? false,
      note: row?.note ?? '',
      updatedBy: row?.updatedBy || null,
      updatedAt: row?.updatedAt.toISOString() ?? null,
      isHeld: planned.isHeld,
      effectiveDays: planned.days,
      isDeletedEarly: isDeletedEarly(plan, planned),
    };
  });
}

async function readPurgeTimes(tx: Tx, tenantId: string): Promise<RetentionOverview['purge']> {
  type Times = Record<keyof RetentionOverview['purge'], string | null>;
  const times = await queryOne<Times>(
    tx,
    sql`select (select schedule from cron_jobs where job = ${PURGE_JOB_NAME}) as schedule,
      (select next_fire_at from cron_jobs where job = ${PURGE_JOB_NAME}) as "nextAt",
      (select max(started_at) from cron_runs where job = ${PURGE_JOB_NAME} and trigger <> 'operator'
        and started_at > now() - make_interval(days => ${CALLED_DAYS}::int)
        and not params ?| array['dryRun', 'tenant']) as "calledAt",
      (select max(finished_at) from retention_purges where tenant_id = ${tenantId}) as "lastFinishedAt"`,
  );
  const iso = (at: string | null) => (at === null ? null : new Date(at).toISOString());
  const { schedule, nextAt, calledAt, lastFinishedAt } = times;
  return { schedule, nextAt: iso(nextAt), calledAt: iso(calledAt), lastFinishedAt: iso(lastFinishedAt) };
}
