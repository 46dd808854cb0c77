import { z } from 'zod';
import {
  claimIdempotencyKey,
  findResponse,
  type IdempotencyClaim,
  keepResponse,
  makeTurns,
  type Tx,
  withTransaction,
} from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { LONGEST_WAIT_MS, MAX_WAITING_TRAININGS, TRAIN_NOW_TIMEOUT_MS, TRAININGS_AT_ONCE } from './limits.ts';
import { runTraining } from './run-training.ts';
import { ModelVersion } from './schemas.ts';
import { getVersion } from './versions.ts';

const inTurn = makeTurns({
  ...{ atOnce: TRAININGS_AT_ONCE, mostWaiting: MAX_WAITING_TRAININGS, longestWaitMs: LONGEST_WAIT_MS },
  doing: 'another model of yours is being trained',
});

/**
 * Trains the next version when it is the tenant's turn and waits for it; the schedule stays as it is. A training that
 * fails is an answer: a version that is `failed`, with its reason. It goes on when the caller hangs up. With the
 * Idempotency-Key of a training that has begun it trains nothing: that version is answered as it is now, which may be
 * `training`.
 * @throws ServiceError MODEL_NOT_FOUND, MODEL_TRAINING, RATE_LIMITED, IDEMPOTENCY_KEY_REUSED; MODEL_VERSION_NOT_FOUND
 * when the key's version is not kept any more
 */
export async function trainNow(ctx: Ctx, input: { id: string }, key: string | null = null): Promise<ModelVersion> {
  const { id } = input;
  const claim = key === null ? null : { tenantId: ctx.tenant.id, operation: 'models.train', key };
  const before = claim && (await withTransaction(ctx, (tx) => findResponse(tx, claim, input)));
  const version = before ? versionIn(before) : await trainInTurn(ctx, input, claim);
  // Without its curves and parameters, which the version's own address has.
  return ModelVersion.parse(await getVersion(ctx, { id, version }));
}

async function trainInTurn(ctx: Ctx, input: { id: string }, claim: IdempotencyClaim | null): Promise<number> {
  let repeated: number | null = null;
  // With the version's row: a key whose training never began can be used again.
  async function onBegin(tx: Tx, version: number): Promise<void> {
    if (claim === null) return;
    const before = await claimIdempotencyKey(tx, claim, input);
    if (before === null) return keepResponse(tx, claim, { version });
    repeated = versionIn(before);
    throw new Error('this request was sent twice at once, and the other one has trained');
  }
  try {
    const outcome = await inTurn(ctx.tenant.id, undefined, () =>
      runTraining(ctx, input.id, { signal: AbortSignal.timeout(TRAIN_NOW_TIMEOUT_MS), onBegin }),
    );
    return outcome!.version;
  } catch (error) {
    if (repeated === null) throw error;
    return repeated;
  }
}

const versionIn = ({ response }: { response: unknown }) => z.object({ version: z.number() }).parse(response).version;
