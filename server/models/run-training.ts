// A training from its first row to its last: the model's advisory lock first, then the version's row, then the work,
// then the outcome in one transaction. The lock is held by a transaction of its own, as taking it would take the
// snapshot: so a version that says `training` while the lock is free has lost its process.

import postgres from 'postgres';
import { sql } from '#db/drizzle.ts';
import type { TrainingPhase } from '#db/schema/index.ts';
import { errorText } from '#server/jobs/index.ts';
import { logError, queryOne, ServiceError, type Tx, transaction } from '#server/lib/index.ts';
import { type Ctx, findTenantData } from '#server/tenancy/index.ts';
import { STATEMENT_TIMEOUT_MS, TABLE_WAIT_MS, TRAIN_NOW_TIMEOUT_MS } from './limits.ts';
import { lockSource } from './lock-source.ts';
import { type Begun, beginVersion, recordFailed, recordTrained, type TrainingOutcome } from './record-training.ts';
import { readTraining, type Trained } from './train.ts';
import { keepPhase, type Phases } from './training-phase.ts';

/** "mdel": the first half of a model's advisory lock. */
const TRAINING_LOCK = 0x6d64656c;
/** Nothing is asked of the lock's connection meanwhile. A process that is gone lets go of it when the server notices. */
const HELD_MS = TRAIN_NOW_TIMEOUT_MS + STATEMENT_TIMEOUT_MS;

export type TrainingOptions = {
  signal: AbortSignal;
  /** Only when its schedule says so, and then its next instant moves on with the outcome. */
  ifDue?: boolean;
  /** First in every transaction that writes. */
  fence?: (tx: Tx) => Promise<void>;
  /** In the transaction that makes the version's row, which does not come to be when it throws. */
  onBegin?: (tx: Tx, version: number) => Promise<void>;
  /** `read`: the snapshot has ended. */
  failPoint?: (name: 'begun' | 'read' | 'trained' | 'recorded') => unknown;
  /** When what it is doing has been written down. */
  onPhase?: (phase: TrainingPhase) => unknown;
};

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
  const holding = { tenantId: ctx.tenant.id, statementTimeoutMs: STATEMENT_TIMEOUT_MS, idleTimeoutMs: HELD_MS };
  const at: { work: Promise<TrainingOutcome | null> | null } = { work: null };
  try {
    return await transaction(ctx.pool, holding, async (tx) => {
      await lockTraining(tx, modelId, options.ifDue === true);
      at.work = trainLocked(ctx, modelId, options);
      return at.work;
    });
  } catch (error) {
    if (at.work === null) throw error;
    // The lock's connection was lost. Whether another took the version over since is seen where it is recorded.
    return at.work;
  }
}

async function trainLocked(ctx: Ctx, modelId: string, options: TrainingOptions): Promise<TrainingOutcome | null> {
  const ifDue = options.ifDue === true;
  const inOwn = <T>(fn: (tx: Tx) => Promise<T>) =>
    transaction(ctx.pool, { tenantId: ctx.tenant.id }, async (tx) => {
      await options.fence?.(tx);
      return fn(tx);
    });
  const begun = await inOwn(async (tx) => {
    const made = await beginVersion(tx, ctx, modelId, ifDue);
    if (made !== null) await options.onBegin?.(tx, made.version);
    return made;
  });
  if (begun === null) return null;
  let outcome: TrainingOutcome;
  try {
    await options.failPoint?.('begun');
    const phases = keepPhase(ctx, { modelId, version: begun.version, onKept: options.onPhase });
    // Before the outcome is written, so that nothing is still on its way then.
    const trained = await trainBegun(ctx, begun, { ...options, tell: phases.tell }).finally(phases.settled);
    await options.failPoint?.('trained');
    outcome = await inOwn((tx) => recordTrained(tx, ctx, { modelId, begun, trained, ifDue }));
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'JOB_LEASE_LOST') throw error;
    const reason = reasonOf(ctx, error, options.signal);
    // What the end of a run left undone stays due.
    const moveOn = ifDue && !isStopped(options.signal);
    return inOwn((tx) => recordFailed(tx, ctx, { modelId, begun, reason, moveOn }));
  }
  await options.failPoint?.('recorded');
  return outcome;
}

/** Reads in a snapshot that is taken when the table is locked, and computes after it where the rows fit into memory. */
async function trainBegun(
  { pool, tenant }: Ctx,
  begun: Begun,
  options: TrainingOptions & Pick<Phases, 'tell'>,
): Promise<Trained> {
  const { definition, live } = begun;
  const tenantId = tenant.id;
  const { data, beforeSnapshot } = await transaction(pool, { tenantId }, async (tx) => {
    const found = await findTenantData(tx, tenantId);
    return { data: found, beforeSnapshot: await lockSource(tx, found, definition.sourceTable) };
  });
  const statementTimeoutMs = STATEMENT_TIMEOUT_MS;
  const snapshot = { tenantId, isolation: 'repeatable read', statementTimeoutMs, beforeSnapshot } as const;
  const finish = await transaction(pool, snapshot, async (tx) => {
    await tx.execute(sql`set transaction read only`);
    return readTraining(tx, data, definition, { live, signal: options.signal, tell: options.tell });
  });
  await options.failPoint?.('read');
  return finish();
}

/**
 * The job waits for a training that it would repeat, as long as a statement may take.
 * @throws ServiceError MODEL_TRAINING
 */
async function lockTraining(tx: Tx, modelId: string, wait: boolean): Promise<void> {
  const lock = sql`${TRAINING_LOCK}::int, hashtext(${modelId})`;
  if (!wait) {
    const { free } = await queryOne<{ free: boolean }>(tx, sql`select pg_try_advisory_xact_lock(${lock}) as free`);
    if (free) return;
  } else {
    try {
      await tx.execute(sql`select pg_advisory_xact_lock(${lock})`);
      return;
    } catch (error) {
      if (postgresError(error)?.code !== CANCELLED) throw error;
    }
  }
  throw new ServiceError('MODEL_TRAINING', `model ${modelId} is being trained; wait for that version`);
}

const postgresError = (error: unknown): postgres.PostgresError | null => {
  if (error instanceof postgres.PostgresError) return error;
  return error instanceof Error && error.cause !== undefined ? postgresError(error.cause) : null;
};
/** By its time-out, and when it did not get a lock in time. */
const [CANCELLED, NO_LOCK] = ['57014', '55P03'];

/** The job's run is over; a limit of this one training is not that. */
const isStopped = ({ aborted, reason }: AbortSignal) =>
  aborted && reason instanceof ServiceError && ['JOB_STOPPED', 'JOB_TIMED_OUT', 'JOB_LEASE_LOST'].includes(reason.code);

function reasonOf(ctx: Ctx, error: unknown, signal: AbortSignal): string {
  if (error instanceof ServiceError) return error.message;
  if (signal.aborted) return 'it took longer than a training may; train on fewer rows or features';
  const refused = postgresError(error);
  if (refused?.code === NO_LOCK)
    return `its table was locked for ${TABLE_WAIT_MS / 1_000} s, as by a run that replaces its rows; train again when that is done`;
  if (refused?.code === CANCELLED) return `a statement took longer than ${STATEMENT_TIMEOUT_MS / 1_000} s`;
  const errorId = logError(ctx.log, error, 'a model could not be trained', { tenantId: ctx.tenant.id });
  return refused ? errorText(error, errorId) : `it failed for a reason that is not the table's (errorId ${errorId})`;
}
