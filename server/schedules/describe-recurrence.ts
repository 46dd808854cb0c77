import { type Frequency, type RecurrenceText, readRecurrence, WEEKDAYS, type WeekdayPart } from './recurrence-text.ts';
import { formatLocal } from './wall-clock.ts';
import { clockTime, DAY_NAMES, every, listWords, MONTH_NAMES, ORDINALS, pad } from './words.ts';

const UNITS: Record<Frequency, string> = {
  YEARLY: 'year',
  MONTHLY: 'month',
  WEEKLY: 'week',
  DAILY: 'day',
  HOURLY: 'hour',
  MINUTELY: 'minute',
};
const MAX_LISTED_TIMES = 4;

/** A valid recurrence rule in words; null where there is no plain wording. */
export function describeRecurrence(text: string, zone: string): string | null {
  const rule = readRecurrence(text);
  const days = dayWords(rule);
  const times = timeWords(rule);
  if (days === null || times === null || rule.exdatesMs.size > 0) return null;
  const words = [every(rule.interval, UNITS[rule.frequency]), days, times].filter((part) => part !== '').join(' ');
  return `${words} (${zone})${bounds(rule)}`;
}

/** '' where the rule names no day, null where there is no plain wording. */
function dayWords(rule: RecurrenceText): string | null {
  if (rule.bySetPos.length > 0 || rule.byYearDay.length > 0 || rule.byWeekNo.length > 0) return null;
  const months = rule.byMonth.map((month) => MONTH_NAMES[month - 1] ?? String(month));
  const inMonths = months.length === 0 ? '' : `in ${listWords(months)}`;
  const days = namedDays(rule);
  if (days === null) return null;
  return [days, inMonths].filter((part) => part !== '').join(' ');
}

function namedDays(rule: RecurrenceText): string | null {
  const start = new Date(rule.dtstartMs);
  const { frequency, byDay, byMonthDay, byMonth } = rule;
  if (byDay.length > 0 && byMonthDay.length > 0) return null;
  if (byDay.length > 0) return weekdayWords(byDay, frequency, byMonth.length > 0);
  if (byMonthDay.length > 0) {
    if (byMonthDay.length === 1 && byMonthDay[0] === -1) return 'on the last day of the month';
    if (byMonthDay.some((day) => day < 0)) return null;
    return `on day${byMonthDay.length === 1 ? '' : 's'} ${listWords(byMonthDay.map(String))} of the month`;
  }
  switch (frequency) {
    case 'YEARLY': {
      const month = byMonth.length === 0 ? ` of ${MONTH_NAMES[start.getUTCMonth()]}` : '';
      return `on day ${start.getUTCDate()}${month}`;
    }
    case 'MONTHLY':
      return `on day ${start.getUTCDate()}`;
    case 'WEEKLY':
      return `on ${DAY_NAMES[start.getUTCDay()]}`;
    default:
      return '';
  }
}

function weekdayWords(parts: WeekdayPart[], frequency: Frequency, hasMonths: boolean): string | null {
  // A numbered day counts within the month, but within the year for YEARLY without BYMONTH.
  const isOfYear = frequency === 'YEARLY' && !hasMonths;
  const words = parts.map(({ day, nth }) => {
    const name = DAY_NAMES[(WEEKDAYS.indexOf(day) + 1) % 7] ?? day;
    if (nth === null) return name;
    if (nth === -1) return `the last ${name}`;
    const ordinal = nth > 0 ? ORDINALS[nth - 1] : undefined;
    return ordinal === undefined ? null : `the ${ordinal} ${name}`;
  });
  if (words.includes(null)) return null;
  const hasNth = parts.some((part) => part.nth !== null);
  const of = hasNth ? ` of the ${isOfYear ? 'year' : 'month'}` : '';
  return `on ${listWords(words.filter((word) => word !== null))}${of}`;
}

function timeWords(rule: RecurrenceText): string | null {
  const start = new Date(rule.dtstartMs);
  if (rule.frequency === 'MINUTELY') return '';
  const minutes = rule.byMinute.length > 0 ? rule.byMinute : [start.getUTCMinutes()];
  if (rule.frequency === 'HOURLY') {
    return minutes.length > MAX_LISTED_TIMES ? null : `at ${listWords(minutes.map((minute) => `:${pad(minute)}`))}`;
  }
  const hours = rule.byHour.length > 0 ? rule.byHour : [start.getUTCHours()];
  if (hours.length * minutes.length > MAX_LISTED_TIMES) return null;
  return `at ${listWords(hours.flatMap((hour) => minutes.map((minute) => clockTime(hour, minute))))}`;
}

/** Where the rule begins matters only with an interval or a count; where it ends always does. */
function bounds(rule: RecurrenceText): string {
  const from =
    rule.interval > 1 || rule.count !== null ? `, from ${formatLocal(rule.dtstartMs).replace('T', ' ')}` : '';
  const until = rule.untilMs === null ? '' : `, until ${formatLocal(rule.untilMs).replace('T', ' ')}`;
  const count = rule.count === null ? '' : `, ${rule.count} time${rule.count === 1 ? '' : 's'} in all`;
  return from + until + count;
}
