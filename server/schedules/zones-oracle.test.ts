// An oracle of our own: it scans instants five minutes apart, reads each label off Intl's full date and time (the
// conversion reads offsets instead), and applies the gap and fold rules in their plainest form.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextFires } from './next-fire.ts';

const STEP_MS = 300_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Before the window the scan only learns which labels have been shown: no clock goes back by more here. */
const LEAD_MS = 4 * HOUR_MS;
const ZONES = [
  'UTC', 'Europe/Berlin', 'Europe/London', 'Europe/Dublin', 'America/New_York', 'America/Los_Angeles',
  'America/Sao_Paulo', 'America/Santiago', 'America/St_Johns', 'America/Havana', 'America/Asuncion', 'America/Nuuk',
  'Africa/Casablanca', 'Africa/Cairo', 'Asia/Kathmandu', 'Asia/Kolkata', 'Asia/Tehran', 'Asia/Beirut', 'Asia/Gaza',
  'Australia/Lord_Howe', 'Australia/Adelaide', 'Pacific/Apia', 'Pacific/Chatham', 'Antarctica/Troll',
]; // biome-ignore format: a table
const formatters = new Map(
  ZONES.map((zone) => [
    zone,
    new Intl.DateTimeFormat('en-CA', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
    }),
  ]),
);

const labels = new Map<string, number>();

/** The wall clock as if it were UTC, read off the printed date and time; kept, because the rules share windows. */
function label(atMs: number, zone: string): number {
  const key = `${atMs}${zone}`;
  const known = labels.get(key) ?? readLabel(atMs, zone);
  labels.set(key, known);
  return known;
}

function readLabel(atMs: number, zone: string): number {
  const text = formatters.get(zone)?.format(atMs) ?? '';
  return Date.parse(`${text.replace(', ', 'T')}:00Z`);
}

type Rule = { minutes: number[]; hours: number[] | null };
const matches = ({ minutes, hours }: Rule, localMs: number): boolean => {
  const local = new Date(localMs);
  return minutes.includes(local.getUTCMinutes()) && (hours === null || hours.includes(local.getUTCHours()));
};

function scan(rule: Rule, zone: string, fromMs: number, untilMs: number): number[] {
  const fires: number[] = [];
  const seen = new Set<number>();
  let previous = label(fromMs - LEAD_MS, zone);
  for (let atMs = fromMs - LEAD_MS + STEP_MS; atMs <= untilMs; atMs += STEP_MS) {
    const local = label(atMs, zone);
    let isDue = matches(rule, local) && (rule.hours === null || !seen.has(local));
    seen.add(local);
    for (let skipped = previous + STEP_MS; skipped < local; skipped += STEP_MS) isDue ||= matches(rule, skipped);
    if (isDue && atMs > fromMs) fires.push(atMs);
    previous = local;
  }
  return fires;
}

function changeDays(zone: string, fromYear: number, untilYear: number): number[] {
  const days: number[] = [];
  for (let dayMs = Date.UTC(fromYear, 0, 1); dayMs < Date.UTC(untilYear, 0, 1); dayMs += DAY_MS) {
    if (label(dayMs + DAY_MS, zone) - label(dayMs, zone) !== DAY_MS) days.push(dayMs);
  }
  return days;
}

function expression({ minutes, hours }: Rule): string {
  return `${minutes.join(',')} ${hours?.join(',') ?? '*'} * * *`;
}

function ask(rule: Rule, zone: string, fromMs: number, untilMs: number): number[] {
  return nextFires(
    { kind: 'cron', expression: expression(rule), timezone: zone },
    { after: new Date(fromMs), count: 1_000, dst: { gap: 'shift', fold: 'auto' }, until: new Date(untilMs) },
  ).map((fire) => fire.at.getTime());
}

const iso = (times: number[]) => times.map((ms) => new Date(ms).toISOString());

describe('cron in 24 zones', () => {
  it('fires as a scan of the clock says at every change of the clock in two years', () => {
    let changes = 0;
    for (const zone of ZONES) {
      for (const dayMs of changeDays(zone, 2025, 2027)) {
        changes += 1;
        for (const rule of [
          { minutes: [30], hours: [2] },
          { minutes: [0, 20, 40], hours: [0, 1, 3, 23] },
          { minutes: [5, 35], hours: null },
        ]) {
          const [fromMs, untilMs] = [dayMs - 3 * HOUR_MS, dayMs + 30 * HOUR_MS];
          expect(iso(ask(rule, zone, fromMs, untilMs)), `${expression(rule)} ${zone}`).toEqual(
            iso(scan(rule, zone, fromMs, untilMs)),
          );
        }
      }
    }
    expect(changes).toBeGreaterThan(50);
  });

  it('fires as the scan says for any minutes and hours, asked at any moment near a change', () => {
    const minute = fc.integer({ min: 0, max: 11 }).map((five) => five * 5);
    const anyRule = fc.record({
      minutes: fc.uniqueArray(minute, { minLength: 1, maxLength: 4 }),
      hours: fc.option(fc.uniqueArray(fc.integer({ min: 0, max: 23 }), { minLength: 1, maxLength: 6 })),
    });
    const changes = ZONES.flatMap((zone) => changeDays(zone, 2018, 2020).map((dayMs) => ({ zone, dayMs })));
    fc.assert(
      fc.property(
        anyRule,
        fc.constantFrom(...changes),
        fc.integer({ min: 0, max: 300 }),
        (rule, { zone, dayMs }, steps) => {
          const fromMs = dayMs + steps * STEP_MS;
          expect(iso(ask(rule, zone, fromMs, fromMs + DAY_MS))).toEqual(iso(scan(rule, zone, fromMs, fromMs + DAY_MS)));
        },
      ),
      { numRuns: 100 },
    );
  });
});
