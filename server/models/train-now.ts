import { makeTurns } from '#server/lib/index.ts';
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
 * fails is an answer: a version that is `failed`, with its reason. It goes on when the caller hangs up.
 * @throws ServiceError MODEL_NOT_FOUND, MODEL_TRAINING, RATE_LIMITED
 */
export async function trainNow(ctx: Ctx, { id }: { id: string }): Promise<ModelVersion> {
  const outcome = await inTurn(ctx.tenant.id, undefined, () =>
    runTraining(ctx, id, { signal: AbortSignal.timeout(TRAIN_NOW_TIMEOUT_MS) }),
  );
  // Without its curves and parameters, which the version's own address has.
  return ModelVersion.parse(await getVersion(ctx, { id, version: outcome!.version }));
}
