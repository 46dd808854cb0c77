import type { Ctx } from '#server/tenancy/index.ts';
import { TRAIN_NOW_TIMEOUT_MS } from './limits.ts';
import { inTrainingTurn, runTraining } from './run-training.ts';
import { ModelVersion } from './schemas.ts';
import { getVersion } from './versions.ts';

/**
 * Trains the next version now and waits for it; the schedule stays as it is. A training that fails is an answer: a
 * version that is `failed`, with its reason. It goes on when the caller hangs up.
 * @throws ServiceError MODEL_NOT_FOUND, MODEL_TRAINING
 */
export async function trainNow(ctx: Ctx, { id }: { id: string }): Promise<ModelVersion> {
  const signal = AbortSignal.timeout(TRAIN_NOW_TIMEOUT_MS);
  const outcome = await inTrainingTurn(ctx.pool, () => runTraining(ctx, id, { signal }));
  // Without its curves and parameters, which the version's own address has.
  return ModelVersion.parse(await getVersion(ctx, { id, version: outcome!.version }));
}
