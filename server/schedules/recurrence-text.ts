// Reads the RFC 5545 text of a schedule strictly, before the rrule library sees it: the library takes unknown
// zones, a missing DTSTART (it then means "now", so every look gives another answer) and values out of range,
// and some combinations make it loop for ever (see SUB_DAILY below).
import { refuseSchedule } from './refuse-schedule.ts';

export const FREQUENCIES = ['YEARLY', 'MONTHLY', 'WEEKLY', 'DAILY', 'HOURLY', 'MINUTELY'] as const;
export type Frequency = (typeof FREQUENCIES)[number];
export type WeekdayPart = { day: Weekday; nth: number | null };
export type Weekday = (typeof WEEKDAYS)[number];
export const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const;

/** A rule as read; times are floating wall-clock milliseconds, absent parts are empty lists or null. */
export type RecurrenceText = {
  dtstartMs: number;
  frequency: Frequency;
  interval: number;
  count: number | null;
  untilMs: number | null;
  weekStart: Weekday;
  byMonth: number[];
  byMonthDay: number[];
  byYearDay: number[];
  byWeekNo: number[];
  byDay: WeekdayPart[];
  byHour: number[];
  byMinute: number[];
  bySetPos: number[];
  exdatesMs: ReadonlySet<number>;
};

/** A rule with COUNT is walked from DTSTART each time (it cannot be moved forward); 500 steps cost about 2.5 ms. */
const MAX_COUNT = 500;
const MAX_INTERVAL = 10_000;

/** Reads DTSTART, RRULE and EXDATE lines. Throws DOCUMENT_INVALID, pointer `/rrule`, with what to write instead. */
export function readRecurrence(text: string): RecurrenceText {
  const lines = text.split(/[\r\n]+/).map((line) => line.trim());
  let dtstartMs: number | null = null;
  let parts: Map<string, string> | null = null;
  const exdatesMs = new Set<number>();
  for (const line of lines) {
    if (line === '') continue;
    const [name = '', value = ''] = splitOnce(line, ':');
    if (name.toUpperCase() === 'DTSTART' && dtstartMs === null) dtstartMs = readLocal(value, 'DTSTART');
    else if (name.toUpperCase() === 'RRULE' && parts === null) parts = readParts(value);
    else if (name.toUpperCase() === 'EXDATE') {
      for (const date of value.split(',')) exdatesMs.add(readLocal(date, 'EXDATE'));
    } else refuseLine(line, name);
  }
  if (dtstartMs === null) refuse('rrule_dtstart', 'DTSTART is missing; add a line like DTSTART:20260101T090000');
  if (parts === null) refuse('rrule_rule', 'RRULE is missing; add a line like RRULE:FREQ=DAILY');
  return checkCombination({ ...readRule(parts), dtstartMs, exdatesMs }, parts);
}

function readRule(parts: Map<string, string>): Omit<RecurrenceText, 'dtstartMs' | 'exdatesMs'> {
  const frequency = FREQUENCIES.find((known) => known === parts.get('FREQ')?.toUpperCase());
  if (frequency === undefined) {
    refuse('rrule_freq', `FREQ=${parts.get('FREQ') ?? ''} is not one of ${FREQUENCIES.join(', ')}`);
  }
  const until = parts.get('UNTIL');
  const weekStart = WEEKDAYS.find((day) => day === (parts.get('WKST') ?? 'MO').toUpperCase());
  if (weekStart === undefined) refuse('rrule_value', `WKST=${parts.get('WKST')} is not one of ${WEEKDAYS.join(', ')}`);
  return {
    frequency,
    interval: readNumbers(parts, 'INTERVAL', 1, MAX_INTERVAL)[0] ?? 1,
    count: readNumbers(parts, 'COUNT', 1, MAX_COUNT)[0] ?? null,
    untilMs: until === undefined ? null : readLocal(until, 'UNTIL'),
    weekStart,
    byMonth: readNumbers(parts, 'BYMONTH', 1, 12),
    byMonthDay: readNumbers(parts, 'BYMONTHDAY', 1, 31, true),
    byYearDay: readNumbers(parts, 'BYYEARDAY', 1, 366, true),
    byWeekNo: readNumbers(parts, 'BYWEEKNO', 1, 53, true),
    byDay: readWeekdays(parts.get('BYDAY')),
    byHour: readNumbers(parts, 'BYHOUR', 0, 23),
    byMinute: readNumbers(parts, 'BYMINUTE', 0, 59),
    bySetPos: readNumbers(parts, 'BYSETPOS', 1, 366, true),
  };
}

/**
 * SUB_DAILY: in rrule 2.8.1 BYHOUR under HOURLY or MINUTELY, and BYMINUTE under MINUTELY, step past the hours
 * they filter in whole hops: the phase of INTERVAL is lost, or the loop never ends (MINUTELY;BYDAY=MO;BYHOUR=9
 * hops 24 hours for ever). Each of them can be written one frequency coarser with the same meaning.
 */
function checkCombination(rule: RecurrenceText, parts: Map<string, string>): RecurrenceText {
  const { frequency } = rule;
  const isSubDaily = frequency === 'HOURLY' || frequency === 'MINUTELY';
  const has = (name: string): boolean => parts.has(name);
  if (rule.count !== null && rule.untilMs !== null) refuse('rrule_value', 'give COUNT or UNTIL, not both');
  if (isSubDaily && has('BYHOUR')) {
    refuse('rrule_combination', `BYHOUR with FREQ=${frequency} is not taken; write FREQ=DAILY;BYHOUR=…;BYMINUTE=…`);
  }
  if (frequency === 'MINUTELY' && has('BYMINUTE')) {
    refuse('rrule_combination', 'BYMINUTE with FREQ=MINUTELY is not taken; write FREQ=HOURLY;BYMINUTE=…');
  }
  if (isSubDaily && has('BYSETPOS')) refuse('rrule_combination', `BYSETPOS with FREQ=${frequency} is not taken`);
  for (const name of ['BYYEARDAY', 'BYWEEKNO']) {
    if (has(name) && frequency !== 'YEARLY') refuse('rrule_combination', `${name} is for FREQ=YEARLY only`);
  }
  if (has('BYMONTHDAY') && frequency === 'WEEKLY') refuse('rrule_combination', 'BYMONTHDAY is not for FREQ=WEEKLY');
  const hasNth = rule.byDay.some((part) => part.nth !== null);
  if (hasNth && (!(frequency === 'MONTHLY' || frequency === 'YEARLY') || has('BYWEEKNO'))) {
    refuse('rrule_combination', `BYDAY=${parts.get('BYDAY')}: a numbered day is for FREQ=MONTHLY or YEARLY`);
  }
  if (has('BYSETPOS') && ![...parts.keys()].some((name) => name.startsWith('BY') && name !== 'BYSETPOS')) {
    refuse('rrule_combination', 'BYSETPOS needs another BY… part to choose from');
  }
  return rule;
}

function readParts(value: string): Map<string, string> {
  const parts = new Map<string, string>();
  for (const part of value.split(';')) {
    const [rawName = '', content = ''] = splitOnce(part, '=');
    const name = rawName.toUpperCase();
    if (name === 'BYSECOND' && content === '0') continue;
    if (!KNOWN_PARTS.has(name)) {
      const hint = name === 'BYSECOND' ? '; a minute is the finest step' : '';
      refuse('rrule_part', `${name || part}=${content} is not a part this scheduler takes${hint}`);
    }
    if (content === '' || parts.has(name))
      refuse('rrule_part', `${name} is ${content === '' ? 'empty' : 'given twice'}`);
    parts.set(name, content);
  }
  return parts;
}
const KNOWN_PARTS: ReadonlySet<string> = new Set(
  'FREQ INTERVAL COUNT UNTIL WKST BYMONTH BYMONTHDAY BYYEARDAY BYWEEKNO BYDAY BYHOUR BYMINUTE BYSETPOS'.split(' '),
);

function readNumbers(parts: Map<string, string>, name: string, min: number, max: number, isSigned = false): number[] {
  const text = parts.get(name);
  if (text === undefined) return [];
  const items = text.split(',');
  if (items.length > 1 && !name.startsWith('BY')) refuse('rrule_value', `${name}=${text} must be one number`);
  const numbers = items.map((item) => {
    const number = /^[+-]?\d{1,6}$/.test(item) ? Number(item) : Number.NaN;
    const size = isSigned ? Math.abs(number) : number;
    if (size >= min && size <= max) return number;
    return refuse('rrule_value', `${name}=${text}: "${item}" is not ${isSigned ? '±' : ''}${min} to ${max}`);
  });
  return [...new Set(numbers)].sort((a, b) => a - b);
}

function readWeekdays(text: string | undefined): WeekdayPart[] {
  if (text === undefined) return [];
  return text.split(',').map((item) => {
    const match = /^([+-]?\d{1,2})?([A-Z]{2})$/i.exec(item);
    const day = WEEKDAYS.find((known) => known === match?.[2]?.toUpperCase());
    const nth = match?.[1] === undefined ? null : Number(match[1]);
    if (day === undefined || nth === 0 || Math.abs(nth ?? 1) > 53) {
      refuse('rrule_value', `BYDAY=${text}: "${item}" is not a weekday like MO, 1MO or -1FR`);
    }
    return { day, nth };
  });
}

function readLocal(value: string, name: string): number {
  if (value.toUpperCase().endsWith('Z')) {
    refuse('rrule_zone', `${name}:${value} ends in Z; write local time without Z, the timezone field says the zone`);
  }
  const match = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})$/.exec(value);
  const iso = match === null ? '' : `${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${match[6]}.000Z`;
  const localMs = Date.parse(iso);
  if (Number.isNaN(localMs) || new Date(localMs).toISOString() !== iso) {
    refuse('rrule_value', `${name}:${value} is not a local date and time like 20260101T090000`);
  }
  if (name === 'DTSTART' && localMs % 60_000 !== 0) {
    refuse('rrule_value', `DTSTART:${value} has seconds; a minute is the finest step, write …00`);
  }
  if (localMs < 0 || localMs >= Date.UTC(2200, 0, 1)) refuse('rrule_value', `${name}:${value} is not in 1970 to 2199`);
  return localMs;
}

function refuseLine(line: string, name: string): never {
  if (/TZID/i.test(name)) refuse('rrule_zone', `"${name}" names a zone; leave TZID out, the timezone field says it`);
  refuse('rrule_line', `"${line}" is not taken; write one DTSTART line, one RRULE line and, if need be, EXDATE lines`);
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function refuse(code: string, message: string): never {
  refuseSchedule('/rrule', code, message);
}
