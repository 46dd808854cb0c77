// Which instants of a schedule are due, as a thing that can be counted and indexed without being listed: a
// schedule of every minute that was down for a year has 525,600 of them. Intervals count by arithmetic; cron and
// rrule are walked, at most MAX_INSTANTS_PER_PASS at a time, and the rest is left to the next pass.
import type { Schedule } from '#server/ir/index.ts';
import { type DstPolicy, fireTimes, nextOnGrid } from './fire-times.ts';

/** Walking costs 10 to 60 µs an instant, so a pass blocks the event loop for some 0.1 s at most. */
export const MAX_INSTANTS_PER_PASS = 2_000;

export type DueStretch = {
  /** Due instants in this stretch, at least 1. */
  count: number;
  /** The instant at a place, ascending from 0. */
  at: (index: number) => number;
  /** How many of them lie before an instant. */
  countBefore: (instantMs: number) => number;
  /** The instant after the last of the stretch, or null when the rule has ended. */
  nextMs: number | null;
  /** False when `nextMs` is due too, and the next pass must go on from it. */
  isComplete: boolean;
};

/** The instants from the stored next fire (always due itself, whatever the rule says now) up to `nowMs`. */
export function findDueStretch(
  schedule: Schedule,
  query: { firstMs: number; nowMs: number; dst: DstPolicy; maxInstants?: number },
): DueStretch {
  const { firstMs, nowMs, dst } = query;
  if (firstMs > nowMs) throw new RangeError(`the next fire ${firstMs} is not due at ${nowMs}`);
  if (schedule.kind === 'interval') return intervalStretch(schedule, firstMs, nowMs);
  const limit = query.maxInstants ?? MAX_INSTANTS_PER_PASS;
  // The stored instant plus limit - 1 more fill the pass; one beyond them says whether the stretch goes on.
  const walked = fireTimes(schedule, { afterMs: firstMs, limit, dst, untilMs: nowMs }).map((time) => time.atMs);
  const isComplete = walked.length < limit;
  const instants = [firstMs, ...(isComplete ? walked : walked.slice(0, -1))];
  const lastMs = instants.at(-1) ?? firstMs;
  const nextMs = isComplete ? fireTimes(schedule, { afterMs: lastMs, limit: 1, dst })[0]?.atMs : walked.at(-1);
  return {
    count: instants.length,
    at: (index) => instants[index] ?? outOfStretch(index, instants.length),
    countBefore: (instantMs) => {
      const index = instants.findIndex((candidate) => candidate >= instantMs);
      return index === -1 ? instants.length : index;
    },
    nextMs: nextMs ?? null,
    isComplete,
  };
}

/** The stored instant may lie off the grid (it was stored before a change of the phase): it is counted by itself. */
function intervalStretch(
  schedule: Extract<Schedule, { kind: 'interval' }>,
  firstMs: number,
  nowMs: number,
): DueStretch {
  const stepMs = schedule.minutes * 60_000;
  const secondMs = nextOnGrid(schedule, firstMs);
  const count = secondMs > nowMs ? 1 : Math.floor((nowMs - secondMs) / stepMs) + 2;
  const at = (index: number): number => {
    if (index < 0 || index >= count) return outOfStretch(index, count);
    return index === 0 ? firstMs : secondMs + (index - 1) * stepMs;
  };
  return {
    count,
    at,
    countBefore: (instantMs) => {
      if (instantMs <= firstMs) return 0;
      const onGrid = Math.ceil((instantMs - secondMs) / stepMs);
      return 1 + Math.min(Math.max(onGrid, 0), count - 1);
    },
    nextMs: secondMs + (count - 1) * stepMs,
    isComplete: true,
  };
}

function outOfStretch(index: number, count: number): never {
  throw new RangeError(`instant ${index} of a stretch of ${count}`);
}
