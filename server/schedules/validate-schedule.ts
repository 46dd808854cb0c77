import type { Problem, Schedule } from '#server/ir/index.ts';
import { ServiceError } from '#server/lib/index.ts';
import { type DstPolicy, type FireTime, fireTimes } from './fire-times.ts';
import { problemOf } from './refuse-schedule.ts';
import { openWallRule } from './wall-rule.ts';

const DAY_MS = 86_400_000;
/** 29 February may be eight years away (2096 to 2104); what is rarer costs too much to search for. */
const MAX_GAP_MS = (8 * 366 + 1) * DAY_MS;
const DEFAULT_DST: DstPolicy = { gap: 'shift', fold: 'auto' };

/**
 * All that is wrong with a schedule, pointers relative to it: unreadable texts, rules that never fire, fire too
 * rarely, or would cost the scheduler more than 5 ms per next fire. A rule that has merely ended is a warning.
 */
export function validateSchedule(schedule: Schedule, now: Date, dst: DstPolicy = DEFAULT_DST): Problem[] {
  if (schedule.kind === 'interval') return [];
  const pointer = schedule.kind === 'cron' ? '/expression' : '/rrule';
  const text = schedule.kind === 'cron' ? schedule.expression : schedule.rrule;
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: schedule.timezone });
  } catch {
    return [problemOf('/timezone', 'timezone', `"${schedule.timezone}" is not a known IANA time zone`)];
  }
  try {
    const rule = openWallRule(schedule);
    const [first, second] = probe(schedule, now, dst);
    if (first === undefined && rule.isFinite) {
      return [problemOf(pointer, 'schedule_ended', `"${text}" has no fire after ${now.toISOString()}`, 'warning')];
    }
    if (first === undefined) return [problemOf(pointer, 'never_fires', `"${text}" never fires`)];
    if (second !== undefined && second.atMs - first.atMs > MAX_GAP_MS) {
      return [problemOf(pointer, 'too_rare', `"${text}" fires less than once in eight years; make it more frequent`)];
    }
    return [];
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'DOCUMENT_INVALID') return error.details as Problem[];
    const reason = error instanceof Error ? error.message : String(error);
    return [problemOf(pointer, 'never_fires', `"${text}" has no fire that can be found: ${reason}`)];
  }
}

/**
 * The next two fires, and, for their cost only, one asked for at the end of each month of the coming year: the
 * later in its period a rule is asked, the more of that period it walks (FREQ=YEARLY in December).
 */
function probe(schedule: Schedule, now: Date, dst: DstPolicy): FireTime[] {
  for (let month = 1; month <= 12; month += 1) {
    const afterMs = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + month, 0, 23, 58);
    fireTimes(schedule, { afterMs, limit: 1, dst });
  }
  return fireTimes(schedule, { afterMs: now.getTime(), limit: 2, dst });
}
