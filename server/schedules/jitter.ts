import { createHash } from 'node:crypto';

/**
 * How long after its due instant a run may start, in [0, jitterSeconds × 1000) milliseconds. A stable hash of
 * (schedule, instant): every process and every retry gets the same answer, schedules of one minute spread out.
 */
export function jitterMs(scheduleId: string, dueAt: Date, jitterSeconds: number): number {
  if (jitterSeconds <= 0) return 0;
  const digest = createHash('sha256').update(`${scheduleId}:${dueAt.getTime()}`).digest();
  return digest.readUInt32BE(0) % (jitterSeconds * 1_000);
}
