// The decision core of the tick: pure, given the stored next fire and the database's now.
//
// Invariants (held by property tests): every due instant is in exactly one row; rows ascend; the new next fire is
// after now, or, when a pass was full, the first instant no row has decided; only the newest instants fire, and
// none while older ones are undecided.
import type { VERDICTS } from '#db/schema/index.ts';
import type { Policies, Schedule } from '#server/ir/index.ts';
import { type DueStretch, findDueStretch } from './due-stretch.ts';
import { fireTimes } from './fire-times.ts';

/** What the tick decides. `fired` and `late` make a run; `pending` is a fire that is still buffered. */
export type Verdict = Exclude<(typeof VERDICTS)[number], 'pending'>;

/** One ledger row: one instant, or a stretch of instants that did not fire. */
export type OccurrenceRow = {
  dueAt: Date;
  /** The last instant of a stretch, inclusive; null for a single instant. */
  until: Date | null;
  count: number;
  verdict: Verdict;
  reason: string;
};

export type Decision = {
  rows: OccurrenceRow[];
  /** Null when the rule has ended. */
  nextFireAt: Date | null;
  /** True when due instants were left to the next pass, which should follow at once. */
  isContinued: boolean;
};

export type DueInput = {
  schedule: Schedule;
  policies: Policies;
  nextFireAt: Date;
  /** The database's clock. */
  now: Date;
  /** Set while the schedule is paused. */
  pausedAt?: Date | null;
  /** A run of this schedule is running or waiting. */
  hasActiveRun: boolean;
  /** One of them is still waiting (only `buffer_one` asks). */
  hasWaitingRun?: boolean;
  /** Instants looked at in this pass; for tests. */
  maxInstants?: number;
};

const MINUTE_MS = 60_000;

/** True when the verdict makes a run. */
export function isFiring(verdict: Verdict): boolean {
  return verdict === 'fired' || verdict === 'late';
}

/** Decides everything due up to `now`. Nothing is due: no rows, and the next fire stays as it was. */
export function decideDue(input: DueInput): Decision {
  const { schedule, policies, nextFireAt, now } = input;
  const isHeld = Boolean(input.pausedAt) && policies.onPause === 'queue';
  if (nextFireAt > now || isHeld) return { rows: [], nextFireAt, isContinued: false };
  const stretch = findDueStretch(schedule, {
    firstMs: nextFireAt.getTime(),
    nowMs: now.getTime(),
    dst: policies.dst,
    ...(input.maxInstants === undefined ? {} : { maxInstants: input.maxInstants }),
  });
  if (input.pausedAt) {
    const reason = `paused since ${input.pausedAt.toISOString()}`;
    return settle(stretch, [{ count: stretch.count, verdict: 'skipped_paused', reason }]);
  }
  if (!stretch.isComplete) return settle(stretch, decideFullPass(stretch, input));
  return settle(stretch, decideBacklog(stretch, input));
}

/** How late a run may start before it counts as late: max(60 s, 2 × the interval between the next fires). */
export function lateGraceMs(schedule: Schedule, dueAt: Date, dst: Policies['dst']): number {
  const [first, second] = fireTimes(schedule, { afterMs: dueAt.getTime(), limit: 2, dst });
  if (first === undefined) return MINUTE_MS;
  const gaps = [first.atMs - dueAt.getTime(), ...(second === undefined ? [] : [second.atMs - first.atMs])];
  return Math.max(MINUTE_MS, 2 * Math.min(...gaps));
}

/** A part of the stretch, oldest first, before it is given its instants. */
type Part = { count: number; verdict: Verdict; reason: string };

/** More is due than one pass looks at: none of it can be the newest, so it is recorded and nothing fires. */
function decideFullPass(stretch: DueStretch, { policies, now }: DueInput): Part[] {
  const missed = missedWindowPart(stretch, policies, now);
  const rest = stretch.count - missed.count;
  if (policies.catchUp === 'last') {
    return [
      missed,
      { count: rest, verdict: 'coalesced', reason: 'newer instants are due; continued in the next pass' },
    ];
  }
  if (policies.catchUp === 'none') {
    return [missed, { count: rest, verdict: 'missed_window', reason: 'catch-up is none; continued in the next pass' }];
  }
  // The newest of this pass may still be among the newest of all: they stay undecided for the next pass.
  const held = Math.min(rest, policies.catchUpCap, stretch.count - 1);
  const reason = `only the newest ${policies.catchUpCap} instants are caught up; continued in the next pass`;
  return [missed, { count: rest - held, verdict: 'capped', reason }];
}

/** All that is due is known: missed, then what catch-up passes over, then what overlap forbids, then what fires. */
function decideBacklog(stretch: DueStretch, input: DueInput): Part[] {
  const { policies, now } = input;
  const missed =
    policies.catchUp === 'none' ? notCaughtUpPart(stretch, input) : missedWindowPart(stretch, policies, now);
  const eligible = stretch.count - missed.count;
  if (eligible === 0) return [missed];
  const wanted = policies.catchUp === 'all' ? Math.min(eligible, policies.catchUpCap) : 1;
  const allowed = Math.min(wanted, overlapRoom(input));
  const passedOver: Part =
    policies.catchUp === 'all'
      ? { count: eligible - wanted, verdict: 'capped', reason: `only the newest ${wanted} instants are caught up` }
      : { count: eligible - wanted, verdict: 'coalesced', reason: 'a newer instant was due at the same tick' };
  const overlapping: Part = {
    count: wanted - allowed,
    verdict: 'skipped_overlap',
    reason: `overlap ${policies.overlap}: ${input.hasActiveRun ? 'a run is active' : 'one run at a time'}`,
  };
  const firing: Part[] = [];
  for (let index = stretch.count - allowed; index < stretch.count; index += 1) {
    firing.push(firingPart(stretch.at(index), input, stretch.count));
  }
  return [missed, passedOver, overlapping, ...firing];
}

function firingPart(dueMs: number, { schedule, policies, now }: DueInput, dueCount: number): Part {
  const delayMs = now.getTime() - dueMs;
  const backlog = dueCount > 1 ? `, one of ${dueCount} due` : '';
  const reason = `due ${(delayMs / 1_000).toFixed(3)} s ago${backlog}`;
  // The one that makes up for missed ones is late. Alone and within a minute nothing is, whatever the interval:
  // the common case asks for no more fires.
  const isMakingUp = policies.catchUp === 'last' && dueCount > 1;
  const isLate = isMakingUp || (delayMs > MINUTE_MS && delayMs > lateGraceMs(schedule, new Date(dueMs), policies.dst));
  return { count: 1, verdict: isLate ? 'late' : 'fired', reason };
}

function missedWindowPart(stretch: DueStretch, policies: Policies, now: Date): Part {
  const oldestMs = now.getTime() - policies.catchUpWindowMinutes * MINUTE_MS;
  const reason = `older than the catch-up window of ${policies.catchUpWindowMinutes} minutes`;
  return { count: stretch.countBefore(oldestMs), verdict: 'missed_window', reason };
}

/** Catch-up `none`: what is older than the grace is missed. Its grace is that of the newest instant. */
function notCaughtUpPart(stretch: DueStretch, { schedule, policies, now }: DueInput): Part {
  const newestMs = stretch.at(stretch.count - 1);
  const graceMs = lateGraceMs(schedule, new Date(newestMs), policies.dst);
  const reason = `catch-up is none and the grace of ${graceMs / 1_000} s is over`;
  return { count: stretch.countBefore(now.getTime() - graceMs), verdict: 'missed_window', reason };
}

/** How many runs the overlap policy lets this tick create. */
function overlapRoom({ policies, hasActiveRun, hasWaitingRun }: DueInput): number {
  switch (policies.overlap) {
    case 'skip':
      return hasActiveRun ? 0 : 1;
    case 'buffer_one':
      return hasWaitingRun ? 0 : hasActiveRun ? 1 : 2;
    case 'cancel_other':
      return 1;
    case 'buffer_all':
    case 'allow_all':
      return Number.POSITIVE_INFINITY;
  }
}

/** Gives the parts their instants. What no part covers stays due: it becomes the next fire. */
function settle(stretch: DueStretch, parts: Part[]): Decision {
  const rows: OccurrenceRow[] = [];
  let index = 0;
  for (const { count, verdict, reason } of parts) {
    if (count <= 0) continue;
    const until = count === 1 ? null : new Date(stretch.at(index + count - 1));
    rows.push({ dueAt: new Date(stretch.at(index)), until, count, verdict, reason });
    index += count;
  }
  const nextMs = index < stretch.count ? stretch.at(index) : stretch.nextMs;
  const isContinued = index < stretch.count || !stretch.isComplete;
  return { rows, nextFireAt: nextMs === null ? null : new Date(nextMs), isContinued };
}
