import { newId } from '#server/lib/index.ts';
import { dataInterval, decideDue, isFiring, jitterMs } from '#server/schedules/index.ts';
import type { Decided, NewRun } from './apply-decisions.ts';
import type { DueRow } from './read-due.ts';

/** From a due row to what is to be written. A pause that has run out no longer holds anything back. */
export function decideSchedule(row: DueRow, now: Date): Decided {
  const pauseEndsAt = row.pauseUntil === null ? null : new Date(row.pauseUntil);
  const isPaused = row.pausedAt !== null && (pauseEndsAt === null || now < pauseEndsAt);
  const decision = decideDue({
    schedule: row.schedule,
    policies: row.policies,
    nextFireAt: new Date(row.nextFireAt),
    now,
    pausedAt: isPaused ? new Date(row.pausedAt!) : null,
    hasActiveRun: row.activeRuns > 0,
    hasWaitingRun: row.waitingRuns > 0,
  });
  const runs = decision.rows
    .filter((one) => isFiring(one.verdict))
    .map((one): NewRun => newRun(row, one.dueAt, decision.nextFireAt));
  return { row, decision, runs, hasPauseEnded: row.pausedAt !== null && !isPaused };
}

function newRun(row: DueRow, dueAt: Date, nextFireAt: Date | null): NewRun {
  const interval = dataInterval(row.schedule, dueAt.getTime(), row.policies.dst, nextFireAt?.getTime() ?? null);
  return {
    runId: newId(),
    dueAt,
    intervalStart: new Date(interval.startMs),
    intervalEnd: new Date(interval.endMs),
    delayMs: row.policies.jitterSeconds > 0 ? jitterMs(row.scheduleId, dueAt, row.policies.jitterSeconds) : 0,
  };
}
