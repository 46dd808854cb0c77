import { sql } from '#db/drizzle.ts';
import { recordAudit } from '#server/audit/index.ts';
import { databaseClock, newId, query, queryOne, ServiceError, type Tx, withTransaction } from '#server/lib/index.ts';
import { nextInstant, requireRule } from '#server/reports/index.ts';
import { actorName, type Ctx, findTenantData } from '#server/tenancy/index.ts';
import { readCatalogue } from '#server/tenant-schema/index.ts';
import { checkColumns, featureKindOf, isLabelType } from './columns.ts';
import { findClasses } from './find-classes.ts';
import { MAX_MODELS } from './limits.ts';
import { definitionOf, lockModel, type ModelRow, noModel, readModels, toIsoOrNull, toModel } from './rows.ts';
import type { ModelInput, ModelTable, UpdateModelInput } from './schemas.ts';
import { readTrainTimes } from './train-times.ts';

/** "mdnw": the first half of the advisory lock under which a tenant's models are counted, made and named. */
const CREATE_LOCK = 0x6d646e77;

const lockNames = (tx: Tx, tenantId: string) =>
  tx.execute(sql`select pg_advisory_xact_lock(${CREATE_LOCK}::int, hashtext(${tenantId}))`);

/** The tenant's models by name. */
export const listModels = (ctx: Ctx) =>
  withTransaction(ctx, async (tx) => {
    const trainsAt = await readTrainTimes(tx);
    return { items: (await readModels(tx, ctx.tenant.id, sql`true`)).map((row) => toModel(row, trainsAt)) };
  });

/** @throws ServiceError MODEL_NOT_FOUND */
export const getModel = (ctx: Ctx, { id }: { id: string }) =>
  withTransaction(ctx, async (tx) => {
    const [row] = await readModels(tx, ctx.tenant.id, sql`m.id = ${id}`);
    if (!row) throw noModel(id);
    return toModel(row, await readTrainTimes(tx));
  });

/** The tenant's tables, and what each column can be to a model. */
export const listModelTables = (ctx: Ctx) =>
  withTransaction(ctx, async (tx) => {
    const catalogue = await readCatalogue(tx, await findTenantData(tx, ctx.tenant.id));
    const items = [...catalogue.tables].map(
      ([name, { columns }]): ModelTable => ({
        name,
        columns: columns.map((column) => ({
          ...{ name: column.name, type: column.type, feature: featureKindOf(column.type) },
          canBeLabel: isLabelType(column.type),
        })),
      }),
    );
    return { items };
  });

/** @throws ServiceError MODEL_INVALID, INPUT_INVALID, MODEL_NAME_TAKEN, MODELS_FULL */
export function createModel(ctx: Ctx, input: ModelInput) {
  return withTransaction(ctx, async (tx) => {
    const tenantId = ctx.tenant.id;
    // Held to the end, so that what is counted is all that there is.
    await lockNames(tx, tenantId);
    const { models } = await queryOne<{ models: number }>(
      tx,
      sql`select count(*)::int as models from models where tenant_id = ${tenantId}`,
    );
    if (models >= MAX_MODELS)
      throw new ServiceError(
        'MODELS_FULL',
        `there are ${models} models, and ${MAX_MODELS} is the most; delete one that nobody scores with`,
      );
    const nextAt = await firstDue(tx, input.schedule);
    const classes = await checkDefinition(tx, tenantId, input);
    const id = newId();
    const made = await query(
      tx,
      sql`insert into models (tenant_id, id, name, kind, source_table, features, label, positive, negative, cron,
          timezone, next_at, created_by, updated_by)
        values (${tenantId}, ${id}, ${input.name}, ${input.kind}, ${input.sourceTable},
          ${JSON.stringify(input.features)}::jsonb, ${input.label}, ${classes.positive}, ${classes.negative},
          ${input.schedule?.cron ?? null}, ${input.schedule?.timezone ?? null}, ${nextAt}::timestamptz,
          ${actorName(ctx.actor)}, ${actorName(ctx.actor)})
        on conflict (tenant_id, name) do nothing returning 1`,
    );
    if (made.length === 0) throw nameTaken(input.name);
    await recordAudit(tx, ctx, {
      ...{ action: 'model.create', targetKind: 'model', targetId: id },
      ...{ after: { ...input, ...classes }, details: { name: input.name } },
    });
    return { id, revision: 1 };
  });
}

/**
 * Changes what is named and leaves the rest. Versions stay what they are; the next training goes by the new definition.
 * @throws ServiceError MODEL_NOT_FOUND, MODEL_CHANGED, MODEL_INVALID, INPUT_INVALID, MODEL_NAME_TAKEN
 */
export function updateModel(ctx: Ctx, { id, revision, ...changes }: UpdateModelInput) {
  return withTransaction(ctx, async (tx) => {
    const tenantId = ctx.tenant.id;
    // First, as in making one: so that a name that is free when it is looked for is free until the end.
    if (changes.name !== undefined) await lockNames(tx, tenantId);
    const before = await lockModel(tx, tenantId, id);
    if (before.revision !== revision)
      throw new ServiceError(
        'MODEL_CHANGED',
        `the model is at revision ${before.revision} by ${before.updatedBy}, and this change was made on ${revision}; read it again`,
      );
    const old = inputOf(before);
    const after = { ...old, ...changes };
    const isSameRule = JSON.stringify(after.schedule) === JSON.stringify(old.schedule);
    const nextAt = isSameRule ? toIsoOrNull(before.nextAt) : await firstDue(tx, after.schedule);
    // Another label has other classes: the one named before need not be among them.
    const isSameLabel = after.label === old.label && after.sourceTable === old.sourceTable;
    const positive = changes.positive ?? (isSameLabel ? old.positive : undefined);
    const classes = await checkDefinition(tx, tenantId, { ...after, positive });
    const taken = await query(
      tx,
      sql`select 1 from models where tenant_id = ${tenantId} and name = ${after.name} and id <> ${id}`,
    );
    if (taken.length > 0) throw nameTaken(after.name);
    await tx.execute(sql`update models set name = ${after.name}, kind = ${after.kind},
        source_table = ${after.sourceTable}, features = ${JSON.stringify(after.features)}::jsonb, label = ${after.label},
        positive = ${classes.positive}, negative = ${classes.negative}, cron = ${after.schedule?.cron ?? null},
        timezone = ${after.schedule?.timezone ?? null}, next_at = ${nextAt}::timestamptz, revision = revision + 1,
        updated_by = ${actorName(ctx.actor)}, updated_at = now()
      where tenant_id = ${tenantId} and id = ${id}`);
    await recordAudit(tx, ctx, {
      ...{ action: 'model.update', targetKind: 'model', targetId: id, before: old },
      ...{ after: { ...after, ...classes }, details: { name: after.name } },
    });
    return { id, revision: revision + 1 };
  });
}

/** With all its versions. A training that is under way ends without a trace. @throws ServiceError MODEL_NOT_FOUND */
export function deleteModel(ctx: Ctx, { id }: { id: string }) {
  return withTransaction(ctx, async (tx) => {
    const before = await lockModel(tx, ctx.tenant.id, id);
    await tx.execute(sql`delete from models where tenant_id = ${ctx.tenant.id} and id = ${id}`);
    await recordAudit(tx, ctx, {
      ...{ action: 'model.delete', targetKind: 'model', targetId: id, before: inputOf(before) },
      details: { name: before.name },
    });
    return { id };
  });
}

async function checkDefinition(tx: Tx, tenantId: string, input: Omit<ModelInput, 'schedule' | 'name' | 'kind'>) {
  const data = await findTenantData(tx, tenantId);
  const catalogue = await readCatalogue(tx, data);
  checkColumns(catalogue, input);
  return findClasses(tx, data, catalogue, input);
}

/** @throws ServiceError INPUT_INVALID for a rule that cannot be read or never fires */
async function firstDue(tx: Tx, schedule: ModelInput['schedule']): Promise<string | null> {
  if (schedule === null) return null;
  const now = await databaseClock.now(tx);
  requireRule(schedule, now);
  return nextInstant(schedule, now)?.toISOString() ?? null;
}

const inputOf = (row: ModelRow) => ({
  ...{ name: row.name, ...definitionOf(row) },
  schedule: row.cron === null ? null : { cron: row.cron, timezone: row.timezone ?? 'UTC' },
});

const nameTaken = (name: string) =>
  new ServiceError('MODEL_NAME_TAKEN', `there is a model "${name}" already; choose another name`);
