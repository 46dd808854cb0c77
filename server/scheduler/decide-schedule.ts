import { IntervalSchedule, Policies } from '#server/ir/index.ts';
import { newId } from '#server/lib/index.ts';
import { dataInterval, decideDue, isFiring, jitterMs } from '#server/schedules/index.ts';
import type { Decided, NewRun } from './apply-decisions.ts';
import type { DueRow } from './read-due.ts';
import type { OpenStop } from './read-stops.ts';

/**
 * From a due row to what is to be written.
 * @throws when the stored rule or its policies are not what they were saved as
 */
export function decideSchedule(row: DueRow, now: Date, stop: OpenStop | null = null): Decided {
  refuseCorrupt(row);
  if (stop !== null) return decideStopped(row, now, stop);
  const pauseEndsAt = row.pausedAt === null || row.pauseUntil === null ? null : new Date(row.pauseUntil);
  const isPaused = row.pausedAt !== null && (pauseEndsAt === null || now < pauseEndsAt);
  const nextFireAt = new Date(row.nextFireAt);
  const hasPauseEnded = row.pausedAt !== null && !isPaused;
  // Instants that fell due during a pause that has ended since: they are decided as of its end, by themselves,
  // or the newest of them would fire as if there had been an outage.
  const endedAt = hasPauseEnded ? pauseEndsAt : row.resumedAt === null ? null : new Date(row.resumedAt);
  const isSettling = !isPaused && row.policies.onPause === 'drop' && endedAt !== null && nextFireAt <= endedAt;
  const asOf = isSettling ? endedAt : now;
  const decision = decideDue({
    schedule: row.schedule,
    policies: row.policies,
    nextFireAt,
    now: asOf,
    pausedAt: isSettling ? new Date(row.pausedAt ?? endedAt) : isPaused ? new Date(row.pausedAt!) : null,
    hasActiveRun: row.activeRuns > 0,
    hasWaitingRun: row.waitingRuns > 0,
  });
  const isContinued =
    decision.isContinued || (decision.nextFireAt !== null && decision.nextFireAt <= now && isSettling);
  const runs = decision.rows
    .filter((one) => isFiring(one.verdict))
    .map((one): NewRun => newRun(row, one.dueAt, decision.nextFireAt));
  return { row, decision: { ...decision, isContinued }, runs, hasPauseEnded };
}

/**
 * In an emergency stop nothing fires, whatever a pause would keep for later: the ledger says why, and a backfill makes
 * up for it where that is wanted. A suspension is a pause, and keeps what a pause keeps. A pause of the schedule's own
 * stays as it is.
 */
function decideStopped(row: DueRow, now: Date, stop: OpenStop): Decided {
  const stoppedAt = new Date(stop.stoppedAt);
  const policies: Policies = stop.kind === 'stop' ? { ...row.policies, onPause: 'drop' } : row.policies;
  const decision = decideDue({
    ...{ schedule: row.schedule, policies, nextFireAt: new Date(row.nextFireAt) },
    ...{ now, pausedAt: stoppedAt, hasActiveRun: row.activeRuns > 0 },
  });
  const what = stop.kind === 'stop' ? 'emergency stop' : 'the tenant is suspended';
  const reason = `${what} since ${stoppedAt.toISOString()}${stop.reason === '' ? '' : `: ${stop.reason}`}`;
  const rows = decision.rows.map((one) => ({ ...one, reason }));
  return { row, decision: { ...decision, rows }, runs: [], hasPauseEnded: false };
}

/**
 * One row with a missing policy would fail the statement of the whole batch. Cron and rrule texts are refused by
 * their parsers; checking their zone here too would cost 90 µs a row.
 */
function refuseCorrupt({ schedule, policies }: DueRow): void {
  Policies.parse(policies);
  if (!['cron', 'interval', 'rrule'].includes(schedule?.kind)) throw new TypeError('the schedule has no known kind');
  if (schedule.kind === 'interval') IntervalSchedule.parse(schedule);
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
