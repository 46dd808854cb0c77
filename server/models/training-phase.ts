import { sql } from '#db/drizzle.ts';
import { TRAINING_PHASES, type TrainingPhase } from '#db/schema/index.ts';
import { logError, transaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';

export type Phases = { tell: (phase: TrainingPhase) => void; settled: () => Promise<void> };
type Kept = { modelId: string; version: number; onKept?: ((phase: TrainingPhase) => unknown) | undefined };

/**
 * Writes down what a training is doing, for whoever waits for it: one after the other, never back, and beside the training,
 * which it neither delays nor fails. `settled` when nothing is on its way any more.
 */
export function keepPhase(ctx: Ctx, { modelId, version, onKept }: Kept): Phases {
  let reached = 0;
  let written = Promise.resolve();
  const tenantId = ctx.tenant.id;
  const write = async (phase: TrainingPhase) => {
    try {
      await transaction(ctx.pool, { tenantId }, (tx) =>
        tx.execute(sql`update model_versions set phase = ${phase}
          where tenant_id = ${tenantId} and model_id = ${modelId} and version = ${version} and status = 'training'`),
      );
      await onKept?.(phase);
    } catch (error) {
      logError(ctx.log, error, 'the phase of a training was not written down', { tenantId, modelId, version });
    }
  };
  return {
    tell(phase) {
      const place = TRAINING_PHASES.indexOf(phase);
      if (place <= reached) return;
      reached = place;
      written = written.then(() => write(phase));
    },
    settled: () => written,
  };
}
