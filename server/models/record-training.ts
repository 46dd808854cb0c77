// What is written of a training: the version's row when it begins, and its outcome.
import { type SQL, sql } from '#db/drizzle.ts';
import type { ModelDefinition, ModelParameters, ModelSplit } from '#db/schema/index.ts';
import { recordAudit } from '#server/audit/index.ts';
import { query, queryOne, ServiceError, type Tx } from '#server/lib/index.ts';
import { nextInstant } from '#server/reports/index.ts';
import { actorName, type Ctx } from '#server/tenancy/index.ts';
import { decidePromotion } from './decide-promotion.ts';
import { KEPT_VERSIONS } from './limits.ts';
import { definitionOf, LOST_REASON, lockModel, type ModelRow } from './rows.ts';
import type { LiveVersion, Trained } from './train.ts';

export type TrainingOutcome = { version: number; status: 'ready' | 'failed'; promoted: boolean; reason: string };
export type Begun = { version: number; definition: ModelDefinition; live: LiveVersion | null };

/** Its row, and what it is to be compared with; null when it is not due any more. */
export async function beginVersion(tx: Tx, ctx: Ctx, modelId: string, ifDue: boolean): Promise<Begun | null> {
  const tenantId = ctx.tenant.id;
  const model = await lockModel(tx, tenantId, modelId);
  await tx.execute(sql`update model_versions set status = 'failed', trained_at = now(), promoted = false,
      reason = ${LOST_REASON}
    where tenant_id = ${tenantId} and model_id = ${modelId} and status = 'training'`);
  if (ifDue) {
    const due = await query(
      tx,
      sql`select 1 from models where tenant_id = ${tenantId} and id = ${modelId} and next_at <= now()`,
    );
    if (due.length === 0) return null;
  }
  const version = model.latestVersion + 1;
  const definition = definitionOf(model);
  await tx.execute(sql`insert into model_versions (tenant_id, model_id, version, definition, trained_by, phase)
    values (${tenantId}, ${modelId}, ${version}, ${JSON.stringify(definition)}::jsonb, ${actorName(ctx.actor)}, 'reading')`);
  await tx.execute(
    sql`update models set latest_version = ${version} where tenant_id = ${tenantId} and id = ${modelId}`,
  );
  return { version, definition, live: await readLive(tx, tenantId, model) };
}

async function readLive(tx: Tx, tenantId: string, model: ModelRow): Promise<LiveVersion | null> {
  if (model.liveVersion === null) return null;
  return queryOne<{ version: number; definition: ModelDefinition; parameters: ModelParameters; split: ModelSplit }>(
    tx,
    sql`select version, definition, parameters, split from model_versions
      where tenant_id = ${tenantId} and model_id = ${model.id} and version = ${model.liveVersion}`,
  );
}

type Ending = { modelId: string; begun: Begun };
type ToRecord = Ending & { trained: Trained; ifDue: boolean };

/** The outcome, the promotion, the schedule's next instant and the audit row. @throws ServiceError MODEL_TRAINING */
export async function recordTrained(
  tx: Tx,
  ctx: Ctx,
  { modelId, begun, trained, ifDue }: ToRecord,
): Promise<TrainingOutcome> {
  const tenantId = ctx.tenant.id;
  const { version } = begun;
  const model = await lockModel(tx, tenantId, modelId);
  const { promoted, reason } = decideNow(model, begun, trained);
  const { parameters, metrics, curves, split, trainingRows, holdoutRows } = trained;
  const json = (value: object) => sql`${JSON.stringify(value)}::jsonb`;
  const learned = sql`status = 'ready', parameters = ${json(parameters)}, metrics = ${json(metrics)},
    curves = ${json(curves)}, split = ${json(split)}, training_rows = ${trainingRows}, holdout_rows = ${holdoutRows},
    promoted = ${promoted}, reason = ${reason}`;
  if (!(await endVersion(tx, ctx, { modelId, begun }, learned)))
    throw new ServiceError('MODEL_TRAINING', `version ${version} was given up by another training of the same model`);
  if (promoted) {
    await tx.execute(
      sql`update models set live_version = ${version} where tenant_id = ${tenantId} and id = ${modelId}`,
    );
    await tx.execute(sql`insert into model_promotions (tenant_id, model_id, version, before_version, reason, promoted_by)
      values (${tenantId}, ${modelId}, ${version}, ${model.liveVersion}, ${reason}, ${actorName(ctx.actor)})`);
  }
  await endTraining(tx, tenantId, model, ifDue);
  await auditTraining(tx, ctx, model, { version, status: 'ready', promoted, reason });
  return { version, status: 'ready', promoted, reason };
}

/** What was decided on is not any more what was compared: then it is for somebody to say. */
function decideNow(model: ModelRow, { definition, live }: Begun, { metrics, holdoutRows, ...of }: Trained) {
  const isSame = JSON.stringify(definitionOf(model)) === JSON.stringify(definition);
  if (!isSame) return { promoted: false, reason: 'the model was changed while this version was trained' };
  if (model.liveVersion !== (live?.version ?? null))
    return { promoted: false, reason: 'another version was put live while this one was trained' };
  return decidePromotion(metrics, holdoutRows, of);
}

type Failed = Ending & { reason: string; moveOn: boolean };

/** Of a version that another has taken over nothing is recorded. */
export async function recordFailed(
  tx: Tx,
  ctx: Ctx,
  { modelId, begun, reason, moveOn }: Failed,
): Promise<TrainingOutcome> {
  const tenantId = ctx.tenant.id;
  const { version } = begun;
  const model = await lockModel(tx, tenantId, modelId);
  const lost = sql`status = 'failed', promoted = false, reason = ${reason}`;
  const outcome = { version, status: 'failed', promoted: false, reason } as const;
  // Whoever took it over has recorded that, and the schedule is theirs.
  if (!(await endVersion(tx, ctx, { modelId, begun }, lost))) return outcome;
  await endTraining(tx, tenantId, model, moveOn);
  await auditTraining(tx, ctx, model, outcome);
  return outcome;
}

/** Ends a version that is still being trained; false when another training has taken it over. */
async function endVersion(tx: Tx, ctx: Ctx, { modelId, begun }: Ending, outcome: SQL): Promise<boolean> {
  const ended = await query(
    tx,
    sql`update model_versions set ${outcome}, trained_at = now()
      where tenant_id = ${ctx.tenant.id} and model_id = ${modelId} and version = ${begun.version} and status = 'training'
      returning 1`,
  );
  return ended.length > 0;
}

/** Moves a schedule's next instant on, past all that were missed, and lets the oldest versions go. */
async function endTraining(tx: Tx, tenantId: string, model: ModelRow, moveOn: boolean): Promise<void> {
  const { id, cron, timezone } = model;
  if (moveOn && cron !== null) {
    const { now } = await queryOne<{ now: string }>(tx, sql`select now() as now`);
    const next = nextInstant({ cron, timezone: timezone ?? 'UTC' }, new Date(now))?.toISOString() ?? null;
    await tx.execute(
      sql`update models set next_at = ${next}::timestamptz where tenant_id = ${tenantId} and id = ${id}`,
    );
  }
  await tx.execute(sql`delete from model_versions v using models m
    where m.tenant_id = ${tenantId} and m.id = ${id} and v.tenant_id = m.tenant_id and v.model_id = m.id
      and v.version <= m.latest_version - ${KEPT_VERSIONS} and v.version is distinct from m.live_version`);
}

const auditTraining = (tx: Tx, ctx: Ctx, { id, name }: ModelRow, details: TrainingOutcome) =>
  recordAudit(tx, ctx, {
    ...{ action: 'model.train', targetKind: 'model', targetId: id, details: { name, ...details } },
  });
