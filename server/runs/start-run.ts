// "Run now": a manual run of the live version. It never moves the schedule's next fire.
import { z } from 'zod';
import { recordAudit } from '#server/audit/index.ts';
import type { PipelineDocument } from '#server/ir/index.ts';
import { ServiceError, withTransaction } from '#server/lib/index.ts';
import { requireNotStopped, requireQuota } from '#server/limits/index.ts';
import { getPipelineRow, getVersion, PipelineRef } from '#server/pipelines/index.ts';
import { actorName, type Ctx } from '#server/tenancy/index.ts';
import { enqueueRun, queueLimits } from './enqueue.ts';
import { fillParams, type ParamValue } from './fill-params.ts';

export const StartRunInput = PipelineRef.extend({
  params: z.record(z.string().max(40), z.union([z.string().max(1_000), z.number(), z.boolean(), z.null()])).default({}),
});

/**
 * Queues a run and returns its id; a runner takes it up when the pipeline's and the tenant's limits allow.
 * @throws ServiceError PIPELINE_NOT_FOUND, PIPELINE_NOT_PUBLISHED, INPUT_INVALID for a parameter that is not declared,
 * WORK_STOPPED, QUOTA_EXCEEDED
 */
export function startRun(
  ctx: Ctx,
  input: { id: string; params?: Record<string, ParamValue> },
): Promise<{ runId: string }> {
  return withTransaction(ctx, async (tx) => {
    const pipeline = await getPipelineRow(tx, ctx, input.id);
    if (pipeline.liveVersion === null)
      throw new ServiceError(
        'PIPELINE_NOT_PUBLISHED',
        `pipeline "${pipeline.name}" has no live version: publish one first`,
      );
    const { ir } = await getVersion(tx, ctx, pipeline.id, pipeline.liveVersion);
    const params = paramsOf(ir, input.params ?? {});
    await requireNotStopped(tx, ctx.tenant.id);
    await requireQuota(tx, ctx.tenant.id, 'queuedRuns');
    const runId = await enqueueRun(tx, {
      tenantId: ctx.tenant.id,
      pipelineId: pipeline.id,
      version: pipeline.liveVersion,
      trigger: 'manual',
      params,
      requestedBy: actorName(ctx.actor),
      ...queueLimits(ir),
    });
    await recordAudit(tx, ctx, {
      action: 'pipeline.run',
      targetKind: 'run',
      targetId: runId,
      details: { pipeline: pipeline.name, version: pipeline.liveVersion },
    });
    return { runId };
  });
}

/** The given values over the declared defaults; a name that is not declared is refused, not ignored. */
function paramsOf(document: PipelineDocument, given: Record<string, ParamValue>): Record<string, ParamValue> {
  const declared = Object.keys(document.parameters);
  const unknown = Object.keys(given).find((name) => !declared.includes(name));
  if (unknown !== undefined)
    throw new ServiceError(
      'INPUT_INVALID',
      `there is no parameter "${unknown}"; this pipeline declares ${declared.length > 0 ? declared.join(', ') : 'none'}`,
    );
  return fillParams(document, given);
}
