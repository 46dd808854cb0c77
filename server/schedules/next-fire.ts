// When a schedule fires next. CPU per next fire in Europe/Berlin, rule and offsets cached, 300 questions two hours
// apart on the (busy) build machine: interval 4 µs; cron 35 to 80 µs, `0 0 1 * *` 370, `0 0 29 2 *` 600; rrule
// MINUTELY, DAILY, MONTHLY 45 to 60, YEARLY 155, COUNT=500 2,200. A first look at a zone adds some 0.5 ms. No
// accepted schedule needs more than 5 ms (validateSchedule refuses those that would).
import type { Schedule } from '#server/ir/index.ts';
import { type DstMark, type DstPolicy, fireTimes, zoneOf } from './fire-times.ts';
import { instantToLocal } from './wall-clock.ts';

/** One due instant, as it is shown: the instant, the wall-clock time it has there, and what the clock change did. */
export type Fire = {
  at: Date;
  /** `YYYY-MM-DDTHH:mm` on the clock of the schedule's zone (UTC for intervals) at that instant. */
  local: string;
  /** The zone's offset from UTC at that instant. */
  offsetMinutes: number;
  /** `gap_shifted`: the named time does not exist that day, this is the first instant after the gap. */
  dst?: DstMark;
};

/**
 * The next `count` instants strictly after `after` and not after `until` (inclusive), ascending, none twice; fewer
 * when the rule ends. Throws DOCUMENT_INVALID for a schedule that validateSchedule would refuse as unreadable.
 */
export function nextFires(
  schedule: Schedule,
  query: { after: Date; count: number; dst: DstPolicy; until?: Date },
): Fire[] {
  const zone = zoneOf(schedule);
  const times = fireTimes(schedule, {
    afterMs: query.after.getTime(),
    limit: query.count,
    dst: query.dst,
    ...(query.until === undefined ? {} : { untilMs: query.until.getTime() }),
  });
  return times.map(({ atMs, mark }) => {
    const at = new Date(atMs);
    return { at, ...instantToLocal(at, zone), ...(mark === null ? {} : { dst: mark }) };
  });
}
