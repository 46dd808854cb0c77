// Recurrence rules, asked of rrule in floating time only: `dtstart` and the answers are wall-clock times read
// as UTC, `tzid` is never set (with it the answer depends on the process's TZ: jkbrzt/rrule #355, #359).
//
// Cost. rrule walks from DTSTART: MINUTELY from ten years ago blocked the event loop for 23 s. So
//  - without COUNT, DTSTART is moved forward by whole intervals to at least one interval before the question,
//    which gives the same times (held by a property test): 20 to 180 µs however old the rule is;
//  - with COUNT it is walked, and COUNT is at most 500;
//  - every walk has a budget of work (WALK_BUDGET_US), so a rule that never fires stops instead of running to the
//    year 9999.
import rrule, { type Options, type RRule } from 'rrule';
import { type Frequency, type RecurrenceText, readRecurrence, WEEKDAYS } from './recurrence-text.ts';
import { refuseSchedule } from './refuse-schedule.ts';
import type { WallRule } from './wall-rule.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/**
 * What one step of the library's outer loop costs, in microseconds on a busy core of the build machine. It makes
 * an array of 366 days a step even when it looks at one, so a day costs as much as a week.
 */
const STEP_US: Record<Frequency, number> = { YEARLY: 70, MONTHLY: 8, WEEKLY: 6, DAILY: 5, HOURLY: 5, MINUTELY: 5 };
const PASSED_TIME_US = 1;
/**
 * Estimated work allowed between two times of a rule. Counted, not timed, so that a rule is accepted or refused
 * the same way everywhere. 29 February as YEARLY needs 560 (eight years around 2100), as DAILY 14,600: refused.
 */
export const WALK_BUDGET_US = 4_000;

/** Reads a recurrence text into the rule of its wall-clock times. Throws DOCUMENT_INVALID, pointer `/rrule`. */
export function openRecurrenceRule(text: string, isRebased = true): WallRule {
  const rule = readRecurrence(text);
  return {
    isHourlyOrFiner: isHourlyOrFiner(rule),
    isFinite: rule.count !== null || rule.untilMs !== null,
    timesAfter: (localMs, limit) => walk(rule, localMs, limit, isRebased),
  };
}

/** Hourly or finer: MINUTELY of at most 60, HOURLY of 1, or BYHOUR with all 24 hours. BYHOUR else names hours. */
function isHourlyOrFiner(rule: RecurrenceText): boolean {
  if (rule.frequency === 'MINUTELY') return rule.interval <= 60;
  if (rule.frequency === 'HOURLY') return rule.interval === 1;
  return rule.byHour.length === 24;
}

function walk(rule: RecurrenceText, afterMs: number, limit: number, isRebased: boolean): number[] {
  const times: number[] = [];
  const library = new rrule.RRule(libraryOptions(rule, isRebased ? rebasedStart(rule, afterMs) : rule.dtstartMs), true);
  const work = meterWork(library, rule.frequency, isRebased ? WALK_BUDGET_US : Number.POSITIVE_INFINITY);
  library.all((time) => {
    const localMs = time.getTime();
    if (localMs <= afterMs || rule.exdatesMs.has(localMs)) {
      work.add(PASSED_TIME_US);
      return true;
    }
    work.reset();
    times.push(localMs);
    return times.length < limit;
  });
  return times;
}

/**
 * Counts the library's outer loop, which reads `options.interval` twice a step (rrule 2.8.1, iter/index.js), and
 * ends the walk when the budget is used up: `until` does not, because it is looked at only when a time is found.
 */
function meterWork(library: RRule, frequency: Frequency, budgetUs: number) {
  const interval = library.options.interval;
  let usedUs = 0;
  const add = (costUs: number): void => {
    usedUs += costUs;
    if (usedUs > budgetUs) {
      refuseSchedule(
        '/rrule',
        'too_costly',
        `the rule never fires, or searching for its next fire costs too much (about ${budgetUs / 1_000} ms); write it with a coarser FREQ (YEARLY for one day a year), fewer times, or UNTIL instead of COUNT`,
      );
    }
  };
  Object.defineProperty(library.options, 'interval', {
    get: () => {
      add(STEP_US[frequency] / 2);
      return interval;
    },
  });
  return {
    add,
    reset: (): void => {
      usedUs = 0;
    },
  };
}

/**
 * DTSTART moved forward by whole intervals. The period a rule begins in is the only one the library treats
 * differently (it enters it in the middle, which BYSETPOS can tell), so that period must lie wholly before
 * `afterMs`: one interval is left in between. Months and years are entered on their first day instead, which
 * makes them whole, and which day 31 needs anyway.
 */
function rebasedStart(rule: RecurrenceText, afterMs: number): number {
  const { dtstartMs, frequency, interval } = rule;
  if (rule.count !== null || afterMs <= dtstartMs) return dtstartMs;
  const start = new Date(dtstartMs);
  if (frequency === 'MONTHLY' || frequency === 'YEARLY') {
    const after = new Date(afterMs);
    const years = after.getUTCFullYear() - start.getUTCFullYear();
    const months = frequency === 'YEARLY' ? years * 12 : years * 12 + after.getUTCMonth() - start.getUTCMonth();
    const step = frequency === 'YEARLY' ? interval * 12 : interval;
    const steps = Math.floor(months / step);
    if (steps <= 0) return dtstartMs;
    const month = frequency === 'YEARLY' ? 0 : start.getUTCMonth();
    return Date.UTC(start.getUTCFullYear(), month + steps * step, 1);
  }
  const stepMs =
    interval * { WEEKLY: 7 * DAY_MS, DAILY: DAY_MS, HOURLY: 60 * MINUTE_MS, MINUTELY: MINUTE_MS }[frequency];
  const steps = Math.floor((afterMs - dtstartMs) / stepMs) - 1;
  return steps <= 0 ? dtstartMs : dtstartMs + steps * stepMs;
}

/** The library's options, with everything it would read off the original DTSTART written out. */
function libraryOptions(rule: RecurrenceText, dtstartMs: number): Partial<Options> {
  const { RRule } = rrule;
  const start = new Date(rule.dtstartMs);
  const { frequency } = rule;
  const isSubDaily = frequency === 'HOURLY' || frequency === 'MINUTELY';
  const namesNoDay = [rule.byDay, rule.byMonthDay, rule.byYearDay, rule.byWeekNo].every((list) => list.length === 0);
  const byMonth =
    rule.byMonth.length === 0 && frequency === 'YEARLY' && namesNoDay ? [start.getUTCMonth() + 1] : rule.byMonth;
  const byMonthDay =
    namesNoDay && (frequency === 'YEARLY' || frequency === 'MONTHLY') ? [start.getUTCDate()] : rule.byMonthDay;
  const byDay = rule.byDay.map(({ day, nth }) => (nth === null ? RRule[day] : RRule[day].nth(nth)));
  return {
    freq: RRule[frequency],
    dtstart: new Date(dtstartMs),
    interval: rule.interval,
    wkst: RRule[rule.weekStart],
    count: rule.count,
    until: rule.untilMs === null ? null : new Date(rule.untilMs),
    bymonth: orNull(byMonth),
    bymonthday: orNull(byMonthDay),
    byyearday: orNull(rule.byYearDay),
    byweekno: orNull(rule.byWeekNo),
    byweekday: frequency === 'WEEKLY' && namesNoDay ? [weekdayIndex(start)] : orNull(byDay),
    byhour: orNull(isSubDaily || rule.byHour.length > 0 ? rule.byHour : [start.getUTCHours()]),
    byminute: orNull(frequency === 'MINUTELY' || rule.byMinute.length > 0 ? rule.byMinute : [start.getUTCMinutes()]),
    bysecond: [0],
    bysetpos: orNull(rule.bySetPos),
  };
}

/** Monday is 0, as the library counts. */
function weekdayIndex(date: Date): number {
  return (date.getUTCDay() + WEEKDAYS.length - 1) % WEEKDAYS.length;
}

function orNull<T>(list: T[]): T[] | null {
  return list.length === 0 ? null : list;
}
