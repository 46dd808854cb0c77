// Dates are put together from numeric parts only: Node's ICU and the browser's may differ in words and spaces,
// and a text that differs by one no-break space is a hydration error.
import type { Instant } from '#server/web/index.ts';

/** Milliseconds since the epoch. */
export const toMs = (at: Instant): number => Date.parse(at);

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  formats.set(zone, made);
  return made;
}

export interface WallClock {
  year: string;
  month: string;
  day: string;
  hour: string;
  minute: string;
  second: string;
}

/** The wall clock of a zone at an instant, each field padded to two digits. */
export function wallClock(ms: number, zone: string): WallClock {
  const parts = { year: '', month: '', day: '', hour: '', minute: '', second: '' };
  for (const { type, value } of formatOf(zone).formatToParts(ms)) {
    if (type in parts) parts[type as keyof WallClock] = value;
  }
  return parts;
}

/** `2026-03-29 02:30:00` */
export function exactTime(ms: number, zone: string): string {
  const { year, month, day, hour, minute, second } = wallClock(ms, zone);
  return `${year}-${month}-${day} ${hour}:${minute}:${second}`;
}

/** `02:30`, with seconds only where they are not zero. */
export function clockTime(ms: number, zone: string): string {
  const { hour, minute, second } = wallClock(ms, zone);
  return second === '00' ? `${hour}:${minute}` : `${hour}:${minute}:${second}`;
}

/** `29 Mar` */
export function dayOf(ms: number, zone: string): string {
  const { month, day } = wallClock(ms, zone);
  return `${Number(day)} ${MONTHS[Number(month) - 1]}`;
}

/** The zone's difference to UTC at an instant, as `UTC+05:30`; `UTC` where there is none. */
export function utcOffset(ms: number, zone: string): string {
  const w = wallClock(ms, zone);
  const wallMs = Date.UTC(+w.year, +w.month - 1, +w.day, +w.hour, +w.minute, +w.second);
  const minutes = Math.round((wallMs - ms) / 60_000);
  if (minutes === 0) return 'UTC';
  const abs = Math.abs(minutes);
  const two = (n: number) => String(n).padStart(2, '0');
  return `UTC${minutes < 0 ? '−' : '+'}${two(Math.floor(abs / 60))}:${two(abs % 60)}`;
}

const STEPS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const;

/** A span in its two largest units: `2 h 5 min`, `340 ms`. */
export function duration(ms: number): string {
  if (ms < 0) return `−${duration(-ms)}`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  const first = STEPS.findIndex(([, size]) => seconds >= size);
  const [unit, size] = STEPS[first] ?? ['s', 1];
  const [lesserUnit, lesserSize] = STEPS[first + 1] ?? ['', 1];
  const rest = lesserUnit === '' ? 0 : Math.floor((seconds % size) / lesserSize);
  return `${Math.floor(seconds / size)} ${unit}${rest > 0 ? ` ${rest} ${lesserUnit}` : ''}`;
}

/** `12 s ago`, `in 3 min`, `now`; one unit, because it is looked at and not read. */
export function relative(ms: number, nowMs: number): string {
  const seconds = Math.round((ms - nowMs) / 1_000);
  if (Math.abs(seconds) < 1) return 'now';
  const abs = Math.abs(seconds);
  const [unit, size] = STEPS.find(([, s]) => abs >= s) ?? ['s', 1];
  const amount = `${Math.floor(abs / size)} ${unit}`;
  return seconds < 0 ? `${amount} ago` : `in ${amount}`;
}

/** Whether a name is a zone that this ICU knows. */
export function isZone(zone: string): boolean {
  try {
    formatOf(zone);
    return true;
  } catch {
    return false;
  }
}

/** `1,234,567` */
export function count(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** `1 event`, `1,234 events` */
export const counted = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;
