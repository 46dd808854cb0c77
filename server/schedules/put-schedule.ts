// The stored schedule row of a pipeline, written when a version goes live.
import { and, eq, sql } from '#db/drizzle.ts';
import { schedules } from '#db/schema/index.ts';
import type { PipelineDocument, Policies, Schedule } from '#server/ir/index.ts';
import { type Clock, databaseClock, type Tx } from '#server/lib/index.ts';
import { requireQuota } from '#server/limits/index.ts';
import { nextFires } from './next-fire.ts';

/** The next instant strictly after `after`, or null when the rule has ended. */
export function nextFireAfter(schedule: Schedule, policies: Policies, after: Date): Date | null {
  return nextFires(schedule, { after, count: 1, dst: policies.dst })[0]?.at ?? null;
}

export type PutSchedule = { tenantId: string; pipelineId: string; version: number; document: PipelineDocument };

/**
 * Makes the pipeline's schedule what the document says. Neither a new nor a changed rule fires the past: the
 * next fire is strictly after the database's now. An unchanged rule keeps its next fire, so that publishing
 * during an outage does not forget what is still due.
 * @throws ServiceError QUOTA_EXCEEDED for one more schedule than the tenant may have
 */
export async function putSchedule(tx: Tx, input: PutSchedule, clock: Clock = databaseClock): Promise<void> {
  const { schedule, policies } = input.document;
  const mine = and(eq(schedules.tenantId, input.tenantId), eq(schedules.pipelineId, input.pipelineId));
  const [row] = await tx.select().from(schedules).where(mine).for('update');
  if (!schedule) {
    if (row) await tx.update(schedules).set({ enabled: false, nextFireAt: null, updatedAt: sql`now()` }).where(mine);
    return;
  }
  if (!row?.enabled) await requireQuota(tx, input.tenantId, 'schedules');
  const isSameRule =
    row?.enabled && JSON.stringify([row.schedule, dstOf(row.policies)]) === JSON.stringify([schedule, policies.dst]);
  const nextFireAt = isSameRule ? row.nextFireAt : nextFireAfter(schedule, policies, await clock.now(tx));
  const { maxAttempts } = input.document.errorHandling.retry;
  const values = { version: input.version, schedule, policies, maxAttempts, enabled: true, nextFireAt };
  if (row)
    await tx
      .update(schedules)
      .set({ ...values, updatedAt: sql`now()` })
      .where(mine);
  else await tx.insert(schedules).values({ tenantId: input.tenantId, pipelineId: input.pipelineId, ...values });
}

const dstOf = (policies: unknown) => (policies as Policies).dst;
