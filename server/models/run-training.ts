// A training from its first row to its last: the version's row first, then the work in a snapshot, then the outcome
// in one transaction. Whoever is at it holds the model's advisory lock for as long as the snapshot lives, so that a
// version that says `training` while the lock is free has lost its process.
import { sql } from 'drizzle-orm';
import postgres from 'postgres';
import type { Pool } from '#db/client.ts';
import type { ModelDefinition, ModelParameters, ModelSplit } from '#db/schema/index.ts';
import { recordAudit } from '#server/audit/index.ts';
import { errorText } from '#server/jobs/index.ts';
import { logError, query, queryOne, ServiceError, type Tx, transaction } from '#server/lib/index.ts';
import { nextInstant } from '#server/reports/index.ts';
import { actorName, type Ctx, findTenantData } from '#server/tenancy/index.ts';
import { decidePromotion } from './decide-promotion.ts';
import { KEPT_VERSIONS, STATEMENT_TIMEOUT_MS } from './limits.ts';
import { definitionOf, LOST_REASON, lockModel, type ModelRow } from './rows.ts';
import { type LiveVersion, type Trained, train } from './train.ts';

/** "mdel": the first half of a model's advisory lock. */
const TRAINING_LOCK = 0x6d64656c;
/** How long the job waits for a training that it would repeat: a killed one's statement may go on for as long. */
const WAIT_MS = STATEMENT_TIMEOUT_MS + 5_000;

export type TrainingOutcome = { version: number; status: 'ready' | 'failed'; promoted: boolean; reason: string };
export type TrainingOptions = {
  signal: AbortSignal;
  /** Only when its schedule says so, and then its next instant moves on with the outcome. */
  ifDue?: boolean;
  /** First in every transaction that writes. */
  fence?: (tx: Tx) => Promise<void>;
  failPoint?: (name: 'begun' | 'trained' | 'recorded') => void;
};
type Begun = { version: number; definition: ModelDefinition; live: LiveVersion | null };

/**
 * Trains the next version and puts it live or says why not; one that cannot be trained is a failed version with its
 * reason. Null: it is not due any more.
 * @throws ServiceError MODEL_NOT_FOUND, MODEL_TRAINING, JOB_LEASE_LOST
 */
export async function runTraining(
  ctx: Ctx,
  modelId: string,
  options: TrainingOptions,
): Promise<TrainingOutcome | null> {
  const { pool, tenant } = ctx;
  const tenantId = tenant.id;
  const at: { begun: Begun | null; outcome: TrainingOutcome | null } = { begun: null, outcome: null };
  const inOwn = <T>(fn: (tx: Tx) => Promise<T>) =>
    transaction(pool, { tenantId }, async (tx) => {
      await options.fence?.(tx);
      return fn(tx);
    });
  const snapshot = { tenantId, isolation: 'repeatable read', statementTimeoutMs: STATEMENT_TIMEOUT_MS } as const;
  try {
    await transaction(pool, snapshot, async (tx) => {
      await tx.execute(sql`set transaction read only`);
      await lockTraining(tx, modelId, options.ifDue === true);
      const begun = await inOwn((own) => beginVersion(own, ctx, modelId, options.ifDue === true));
      at.begun = begun;
      if (begun === null) return;
      const { definition, live } = begun;
      options.failPoint?.('begun');
      const data = await findTenantData(tx, tenantId);
      const trained = await train(tx, data, definition, { live, signal: options.signal });
      options.failPoint?.('trained');
      const ifDue = options.ifDue === true;
      at.outcome = await inOwn((own) => recordTrained(own, ctx, { modelId, begun, trained, ifDue }));
      options.failPoint?.('recorded');
    });
  } catch (error) {
    // Refused before it began, or the version is recorded already and only the snapshot's end went wrong.
    const { begun } = at;
    if (begun === null) throw error;
    if (at.outcome !== null) return at.outcome;
    if (error instanceof ServiceError && error.code === 'JOB_LEASE_LOST') throw error;
    const reason = reasonOf(ctx, error, options.signal);
    // What the end of a run left undone stays due.
    const moveOn = options.ifDue === true && !isStopped(options.signal);
    return inOwn((own) => recordFailed(own, ctx, { modelId, begun, reason, moveOn }));
  }
  return at.outcome;
}

/** @throws ServiceError MODEL_TRAINING */
async function lockTraining(tx: Tx, modelId: string, wait: boolean): Promise<void> {
  const lock = sql`${TRAINING_LOCK}::int, hashtext(${modelId})`;
  if (!wait) {
    const { free } = await queryOne<{ free: boolean }>(tx, sql`select pg_try_advisory_xact_lock(${lock}) as free`);
    if (free) return;
  } else {
    await tx.execute(sql`select set_config('lock_timeout', ${String(WAIT_MS)}, true)`);
    try {
      await tx.execute(sql`select pg_advisory_xact_lock(${lock})`);
      return;
    } catch (error) {
      if (!isRefusedLock(error)) throw error;
    }
  }
  throw new ServiceError('MODEL_TRAINING', `model ${modelId} is being trained; wait for that version`);
}

const postgresError = (error: unknown): postgres.PostgresError | null => {
  if (error instanceof postgres.PostgresError) return error;
  return error instanceof Error && error.cause !== undefined ? postgresError(error.cause) : null;
};
/** lock_timeout, or the statement's own limit where that comes first. */
const isRefusedLock = (error: unknown) => ['55P03', '57014'].includes(postgresError(error)?.code ?? '');

/** The job's run is over; a limit of this one training is not that. */
const isStopped = ({ aborted, reason }: AbortSignal) =>
  aborted && reason instanceof ServiceError && ['JOB_STOPPED', 'JOB_TIMED_OUT', 'JOB_LEASE_LOST'].includes(reason.code);

function reasonOf(ctx: Ctx, error: unknown, signal: AbortSignal): string {
  if (error instanceof ServiceError) return error.message;
  if (signal.aborted) return 'it took longer than a training may; train on fewer rows or features';
  const refused = postgresError(error);
  if (refused?.code === '57014') return `a statement took longer than ${STATEMENT_TIMEOUT_MS / 1_000} s`;
  const errorId = logError(ctx.log, error, 'a model could not be trained', { tenantId: ctx.tenant.id });
  return refused ? errorText(error, errorId) : `it failed for a reason that is not the table's (errorId ${errorId})`;
}

async function beginVersion(tx: Tx, ctx: Ctx, modelId: string, ifDue: boolean): Promise<Begun | null> {
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
  await tx.execute(sql`insert into model_versions (tenant_id, model_id, version, definition, trained_by)
    values (${tenantId}, ${modelId}, ${version}, ${JSON.stringify(definition)}::jsonb, ${actorName(ctx.actor)})`);
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

type ToRecord = { modelId: string; begun: Begun; trained: Trained; ifDue: boolean };

async function recordTrained(tx: Tx, ctx: Ctx, { modelId, begun, trained, ifDue }: ToRecord): Promise<TrainingOutcome> {
  const tenantId = ctx.tenant.id;
  const { version } = begun;
  const model = await lockModel(tx, tenantId, modelId);
  const { promoted, reason } = decideNow(model, begun, trained);
  const { parameters, metrics, curves, split, trainingRows, holdoutRows } = trained;
  const json = (value: object) => sql`${JSON.stringify(value)}::jsonb`;
  const kept = await query(
    tx,
    sql`update model_versions set status = 'ready', parameters = ${json(parameters)}, metrics = ${json(metrics)},
        curves = ${json(curves)}, split = ${json(split)}, training_rows = ${trainingRows},
        holdout_rows = ${holdoutRows}, promoted = ${promoted}, reason = ${reason}, trained_at = now()
      where tenant_id = ${tenantId} and model_id = ${modelId} and version = ${version} and status = 'training'
      returning 1`,
  );
  if (kept.length === 0)
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
function decideNow(model: ModelRow, { definition, live }: Begun, { metrics, holdoutRows }: Trained) {
  const isSame = JSON.stringify(definitionOf(model)) === JSON.stringify(definition);
  if (!isSame) return { promoted: false, reason: 'the model was changed while this version was trained' };
  if (model.liveVersion !== (live?.version ?? null))
    return { promoted: false, reason: 'another version was put live while this one was trained' };
  return decidePromotion(metrics, holdoutRows);
}

type Failed = { modelId: string; begun: Begun; reason: string; moveOn: boolean };

async function recordFailed(tx: Tx, ctx: Ctx, { modelId, begun, reason, moveOn }: Failed): Promise<TrainingOutcome> {
  const tenantId = ctx.tenant.id;
  const { version } = begun;
  const model = await lockModel(tx, tenantId, modelId);
  const failed = await query(
    tx,
    sql`update model_versions set status = 'failed', promoted = false, reason = ${reason}, trained_at = now()
      where tenant_id = ${tenantId} and model_id = ${modelId} and version = ${version} and status = 'training'
      returning 1`,
  );
  const outcome = { version, status: 'failed', promoted: false, reason } as const;
  // Whoever took it over has recorded that, and the schedule is theirs.
  if (failed.length === 0) return outcome;
  await endTraining(tx, tenantId, model, moveOn);
  await auditTraining(tx, ctx, model, outcome);
  return outcome;
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

/** Trainings that people wait for, of this process at a time: each holds a connection as long as it takes. */
const MOST_AT_ONCE = 2;
const running = new WeakMap<Pool, number>();

/** @throws ServiceError MODEL_TRAINING */
export async function inTrainingTurn<T>(pool: Pool, fn: () => Promise<T>): Promise<T> {
  const now = running.get(pool) ?? 0;
  if (now >= MOST_AT_ONCE)
    throw new ServiceError(
      'MODEL_TRAINING',
      `${now} models are being trained here; try again when one of them is done`,
    );
  running.set(pool, now + 1);
  try {
    return await fn();
  } finally {
    running.set(pool, (running.get(pool) ?? 1) - 1);
  }
}
