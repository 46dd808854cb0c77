import { recordAudit } from '#server/audit/index.ts';
import { withTransaction } from '#server/lib/index.ts';
import { listOccurrences, pauseSchedule, resumeSchedule } from '#server/schedules/index.ts';
import { actorName, type Ctx } from '#server/tenancy/index.ts';
import { getPipelineRow } from './find-pipeline.ts';

/**
 * Stops the schedule from firing; "run now" still works.
 * @throws ServiceError PIPELINE_NOT_FOUND, PIPELINE_HAS_NO_SCHEDULE
 */
export function pausePipeline(ctx: Ctx, input: { id: string; reason: string; until?: string | undefined }) {
  return withTransaction(ctx, async (tx) => {
    const pipeline = await getPipelineRow(tx, ctx, input.id);
    const until = input.until ? new Date(input.until) : null;
    const row = await pauseSchedule(
      tx,
      { tenantId: ctx.tenant.id, pipelineId: pipeline.id },
      { by: actorName(ctx.actor), reason: input.reason, until },
    );
    await recordAudit(tx, ctx, {
      action: 'pipeline.pause',
      targetKind: 'pipeline',
      targetId: pipeline.id,
      after: { isPaused: true, reason: input.reason, until: until?.toISOString() ?? null },
      details: { reason: input.reason, until: until?.toISOString() ?? null },
    });
    return { id: pipeline.id, pausedAt: row.pausedAt!.toISOString(), pauseUntil: until?.toISOString() ?? null };
  });
}

/**
 * Lets the schedule fire again, from now on.
 * @throws ServiceError PIPELINE_NOT_FOUND, PIPELINE_HAS_NO_SCHEDULE
 */
export function resumePipeline(ctx: Ctx, input: { id: string }) {
  return withTransaction(ctx, async (tx) => {
    const pipeline = await getPipelineRow(tx, ctx, input.id);
    const row = await resumeSchedule(tx, { tenantId: ctx.tenant.id, pipelineId: pipeline.id });
    await recordAudit(tx, ctx, { action: 'pipeline.resume', targetKind: 'pipeline', targetId: pipeline.id });
    return { id: pipeline.id, nextFireAt: row.nextFireAt?.toISOString() ?? null };
  });
}

/** @throws ServiceError PIPELINE_NOT_FOUND */
export function listPipelineOccurrences(ctx: Ctx, input: { id: string; limit: number; cursor?: string | undefined }) {
  return withTransaction(ctx, async (tx) => {
    const pipeline = await getPipelineRow(tx, ctx, input.id);
    return listOccurrences(tx, {
      tenantId: ctx.tenant.id,
      pipelineId: pipeline.id,
      limit: input.limit,
      cursor: input.cursor,
    });
  });
}
