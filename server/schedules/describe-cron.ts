import { CronExpressionParser } from 'cron-parser';
import { type CronFields, cronFields } from './cron-rule.ts';
import { clockTime, DAY_NAMES, every, listWords, MONTH_NAMES, ORDINALS, pad } from './words.ts';

/** More times of day than this are not worth listing. */
const MAX_LISTED_TIMES = 4;

/** A valid cron expression in words; null where there is no plain wording. */
export function describeCron(expression: string, zone: string): string | null {
  const fields = cronFields(expression);
  const time = timeWords(fields);
  const day = dayWords(fields);
  const months = monthWords(fields.month);
  if (time === null || day === null || months === null) return null;
  const isEveryDay = day === '' && months === '';
  const days = isEveryDay
    ? time.namesHours
      ? 'every day'
      : ''
    : `${day}${day !== '' && months !== '' ? ' ' : ''}${months}`;
  const isPlain = isEveryDay && !time.namesHours && zone === 'UTC';
  return `${time.words}${days === '' ? '' : ` ${days}`}${isPlain ? '' : ` (${zone})`}`;
}

function timeWords({ minute, hour }: CronFields): { words: string; namesHours: boolean } | null {
  const minutes = plainNumbers(minute);
  const hours = plainNumbers(hour);
  const minuteStep = stepOf(minute, 60);
  const hourStep = stepOf(hour, 24);
  if (hours !== null && minutes !== null && hours.length * minutes.length <= MAX_LISTED_TIMES) {
    const times = hours.flatMap((h) => minutes.map((m) => clockTime(h, m)));
    return { words: `at ${listWords(times)}`, namesHours: true };
  }
  const within = minuteStep === null ? everyHourAt(minutes) : every(minuteStep, 'minute');
  if (within === null) return null;
  if (hourStep === 1) return { words: within, namesHours: false };
  if (hourStep !== null && minutes?.length === 1 && minutes[0] !== undefined) {
    return { words: `every ${hourStep} hours from ${clockTime(0, minutes[0])}`, namesHours: true };
  }
  const range = /^(\d{1,2})-(\d{1,2})$/.exec(hour);
  if (range === null) return null;
  const [from, to] = [Number(range[1]), Number(range[2])];
  return { words: `${within}, hours ${pad(from)} to ${pad(to)}`, namesHours: true };
}

function everyHourAt(minutes: number[] | null): string | null {
  if (minutes === null || minutes.length > MAX_LISTED_TIMES) return null;
  return `every hour at ${listWords(minutes.map((minute) => `:${pad(minute)}`))}`;
}

/** '' for every day, null where there is no plain wording. */
function dayWords({ dayOfMonth, dayOfWeek }: CronFields): string | null {
  const ofMonth = dayOfMonthWords(dayOfMonth);
  const ofWeek = dayOfWeekWords(dayOfWeek);
  if (ofMonth === null || ofWeek === null) return null;
  // Cron joins two restricted day fields with OR.
  return ofMonth !== '' && ofWeek !== '' ? `${ofMonth} or ${ofWeek}` : ofMonth + ofWeek;
}

function dayOfMonthWords(field: string): string | null {
  if (isWildcard(field)) return '';
  if (/^l$/i.test(field)) return 'on the last day of the month';
  const range = /^(\d{1,2})-(\d{1,2})$/.exec(field);
  if (range !== null) return `on days ${range[1]} to ${range[2]} of the month`;
  const days = plainNumbers(field);
  if (days === null) return null;
  return `on day${days.length === 1 ? '' : 's'} ${listWords(days.map(String))} of the month`;
}

function dayOfWeekWords(field: string): string | null {
  if (isWildcard(field)) return '';
  const nth = /^([a-z]{3}|\d)#([1-5])$/i.exec(field);
  if (nth !== null) return `on the ${ORDINALS[Number(nth[2]) - 1]} ${dayName(nth[1] ?? '')} of the month`;
  const last = /^([a-z]{3}|\d)L$/i.exec(field);
  if (last !== null) return `on the last ${dayName(last[1] ?? '')} of the month`;
  const range = /^([a-z]{3}|\d)-([a-z]{3}|\d)$/i.exec(field);
  if (range !== null) return `on ${dayName(range[1] ?? '')} to ${dayName(range[2] ?? '')}`;
  const items = field.split(',');
  if (!items.every((item) => /^([a-z]{3}|\d)$/i.test(item))) return null;
  return `on ${listWords(items.map(dayName))}`;
}

function monthWords(field: string): string | null {
  if (isWildcard(field)) return '';
  if (!/^(([a-z]{3}|\d{1,2})(-([a-z]{3}|\d{1,2}))?)(,([a-z]{3}|\d{1,2})(-([a-z]{3}|\d{1,2}))?)*$/i.test(field))
    return null;
  const cron = CronExpressionParser.parse(`0 0 * ${field} *`, { tz: 'UTC', currentDate: new Date(0) });
  return `in ${listWords(cron.fields.month.values.map((month) => MONTH_NAMES[month - 1] ?? String(month)))}`;
}

function dayName(item: string): string {
  const byName = DAY_NAMES.find((name) => name.slice(0, 3).toLowerCase() === item.toLowerCase());
  return byName ?? DAY_NAMES[Number(item) % 7] ?? item;
}

/** The numbers of a plain list, ascending; null for anything with a wildcard, range, step or name. */
function plainNumbers(field: string): number[] | null {
  if (!/^\d{1,2}(,\d{1,2})*$/.test(field)) return null;
  return [...new Set(field.split(',').map(Number))].sort((a, b) => a - b);
}

/** 1 for a wildcard, n for a step over the whole field that divides it evenly, else null. */
function stepOf(field: string, size: number): number | null {
  if (isWildcard(field)) return 1;
  const step = /^[*?0]\/(\d{1,2})$/.exec(field);
  const count = step === null ? 0 : Number(step[1]);
  return count > 0 && count < size && size % count === 0 ? count : null;
}

function isWildcard(field: string): boolean {
  return field === '*' || field === '?';
}
