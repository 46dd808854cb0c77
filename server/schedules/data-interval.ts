import type { Schedule } from '#server/ir/index.ts';
import { type DstPolicy, fireTimes } from './fire-times.ts';

/** Rules are searched back this far for an earlier instant; a rarer rule has an interval of no length. */
const MAX_WINDOW_MS = 6 * 366 * 86_400_000;

/**
 * The stretch of time a due instant stands for: from the instant before it to itself. A daily run due at 02:00
 * covers yesterday's 02:00 to today's. It is a function of the rule alone, so a backfill gets the same one.
 * `nextMs`, where known, saves looking: the gap behind is most often the gap ahead.
 */
export function dataInterval(
  schedule: Schedule,
  dueMs: number,
  dst: DstPolicy,
  nextMs: number | null,
): { startMs: number; endMs: number } {
  if (schedule.kind === 'interval') return { startMs: dueMs - schedule.minutes * 60_000, endMs: dueMs };
  let windowMs = nextMs === null ? 3_600_000 : (nextMs - dueMs) * 1.05 + 1_000;
  while (windowMs <= MAX_WINDOW_MS) {
    // Every instant of a small window, so that the last of them is the one before.
    const before = fireTimes(schedule, { afterMs: dueMs - windowMs, untilMs: dueMs - 1, limit: 1_000, dst });
    const last = before.at(-1);
    if (last && before.length < 1_000) return { startMs: last.atMs, endMs: dueMs };
    windowMs = last ? windowMs / 8 : windowMs * 4;
  }
  return { startMs: dueMs, endMs: dueMs };
}
