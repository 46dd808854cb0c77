import { and, eq, sql } from '#db/drizzle.ts';
import { schedules } from '#db/schema/index.ts';
import { ServiceError, type Tx } from '#server/lib/index.ts';

type Which = { tenantId: string; pipelineId: string };
const isMine = (which: Which) =>
  and(eq(schedules.tenantId, which.tenantId), eq(schedules.pipelineId, which.pipelineId));

/**
 * Pauses the schedule. Instants that fall due while it is paused are recorded as skipped_paused by the tick,
 * which waits for this row's lock, so none is both fired and skipped.
 * @throws ServiceError PIPELINE_HAS_NO_SCHEDULE
 */
export async function pauseSchedule(tx: Tx, which: Which, pause: { by: string; reason: string; until: Date | null }) {
  const [row] = await tx
    .update(schedules)
    .set({
      pausedAt: sql`now()`,
      pausedBy: pause.by,
      pauseReason: pause.reason,
      pauseUntil: pause.until,
      updatedAt: sql`now()`,
    })
    .where(and(isMine(which), eq(schedules.enabled, true)))
    .returning();
  if (!row)
    throw new ServiceError('PIPELINE_HAS_NO_SCHEDULE', 'there is no schedule to pause: publish a version that has one');
  return row;
}

/** @throws ServiceError PIPELINE_HAS_NO_SCHEDULE */
export async function resumeSchedule(tx: Tx, which: Which) {
  const [row] = await tx
    .update(schedules)
    .set({
      pausedAt: null,
      pausedBy: null,
      pauseReason: null,
      pauseUntil: null,
      // Resuming what is not paused changes nothing: what an outage has left due is made up for, not skipped.
      resumedAt: sql`case when ${schedules.pausedAt} is null then ${schedules.resumedAt}
        else least(now(), coalesce(${schedules.pauseUntil}, now())) end`,
      updatedAt: sql`now()`,
    })
    .where(and(isMine(which), eq(schedules.enabled, true)))
    .returning();
  if (!row)
    throw new ServiceError(
      'PIPELINE_HAS_NO_SCHEDULE',
      'there is no schedule to resume: publish a version that has one',
    );
  return row;
}
