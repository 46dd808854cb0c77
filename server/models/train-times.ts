// When a due model is trained: not by its own rule, which only says from when on it is due, but by the job's next fire.
import { sql } from '#db/drizzle.ts';
import { query, type Tx } from '#server/lib/index.ts';
import { nextFires } from '#server/schedules/index.ts';

export const RETRAIN_JOB_NAME = 'scheduledRetrains';

/** For the instant at which a model is due: the job's first fire from then on; null where nothing here fires the job. */
export async function readTrainTimes(tx: Tx): Promise<(dueAt: Date) => Date | null> {
  const [job] = await query<{ schedule: string | null; nextFireAt: string | null }>(
    tx,
    sql`select schedule, next_fire_at as "nextFireAt" from cron_jobs where job = ${RETRAIN_JOB_NAME}`,
  );
  const { schedule = null, nextFireAt = null } = job ?? {};
  if (schedule === null || nextFireAt === null) return () => null;
  const next = new Date(nextFireAt);
  return (dueAt) => {
    if (dueAt <= next) return next;
    // Fires are asked for strictly after an instant: one at the very moment counts.
    const after = new Date(dueAt.getTime() - 1);
    const rule = { kind: 'cron', expression: schedule, timezone: 'UTC' } as const;
    return nextFires(rule, { after, count: 1, dst: { gap: 'shift', fold: 'auto' } })[0]?.at ?? null;
  };
}
