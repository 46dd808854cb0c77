import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Schedule } from '#server/ir/index.ts';
import { type DstPolicy, fireTimes } from './fire-times.ts';
import { nextFires } from './next-fire.ts';

const AUTO: DstPolicy = { gap: 'shift', fold: 'auto' };
const cron = (expression: string, timezone = 'UTC'): Schedule => ({ kind: 'cron', expression, timezone });
const rrule = (text: string, timezone = 'UTC'): Schedule => ({ kind: 'rrule', rrule: text, timezone });

/** `MM-DD HH:mm` in UTC, then the mark. */
function show(schedule: Schedule, after: string, count: number, dst: DstPolicy = AUTO): string[] {
  return nextFires(schedule, { after: new Date(after), count, dst }).map((fire) => {
    const at = fire.at.toISOString().slice(5, 16).replace('T', ' ');
    return fire.dst === undefined ? at : `${at} ${fire.dst}`;
  });
}

describe('next fires around a change of the clock', () => {
  it.each<[string, Schedule, string, DstPolicy, string[]]>([
    [
      'a fixed time in the gap shifts to its end',
      cron('30 2 * * *', 'Europe/Berlin'),
      '2026-03-28T00:00Z',
      AUTO,
      ['03-28 01:30', '03-29 01:00 gap_shifted', '03-30 00:30'],
    ],
    [
      'or is skipped',
      cron('30 2 * * *', 'Europe/Berlin'),
      '2026-03-28T00:00Z',
      { gap: 'skip', fold: 'auto' },
      ['03-28 01:30', '03-30 00:30', '03-31 00:30'],
    ],
    [
      'a fixed time in the fold fires first',
      cron('30 2 * * *', 'Europe/Berlin'),
      '2026-10-24T12:00Z',
      AUTO,
      ['10-25 00:30 fold_first', '10-26 01:30', '10-27 01:30'],
    ],
    [
      'or twice',
      cron('30 2 * * *', 'Europe/Berlin'),
      '2026-10-24T12:00Z',
      { gap: 'shift', fold: 'both' },
      ['10-25 00:30 fold_first', '10-25 01:30 fold_second', '10-26 01:30'],
    ],
    [
      'a fixed time asked for between its two instants has fired',
      cron('30 2 * * *', 'Europe/Berlin'),
      '2026-10-25T00:30Z',
      AUTO,
      ['10-26 01:30'],
    ],
    [
      'hourly fires in both passes of the fold',
      cron('30 * * * *', 'Europe/Berlin'),
      '2026-10-24T23:45Z',
      AUTO,
      ['10-25 00:30 fold_first', '10-25 01:30 fold_second', '10-25 02:30'],
    ],
    [
      'hourly asked in the first pass finds the second',
      cron('*/20 * * * *', 'Europe/Berlin'),
      '2026-10-25T00:40Z',
      AUTO,
      ['10-25 01:00 fold_second', '10-25 01:20 fold_second', '10-25 01:40 fold_second', '10-25 02:00'],
    ],
    [
      'two times shifted onto one instant count once, and an own time is not marked',
      cron('*/30 * * * *', 'Europe/Berlin'),
      '2026-03-29T00:10Z',
      AUTO,
      ['03-29 00:30', '03-29 01:00', '03-29 01:30'],
    ],
    [
      'New York, gap',
      cron('0,30 2 * * *', 'America/New_York'),
      '2026-03-08T00:00Z',
      AUTO,
      ['03-08 07:00 gap_shifted', '03-09 06:00', '03-09 06:30'],
    ],
    [
      'Lord Howe, where cron-parser with a zone gives up',
      cron('0 2 * * *', 'Australia/Lord_Howe'),
      '2026-10-02T00:00Z',
      AUTO,
      ['10-02 15:30', '10-03 15:30 gap_shifted', '10-04 15:00'],
    ],
    [
      'Lord Howe, half an hour back',
      cron('*/15 * * * *', 'Australia/Lord_Howe'),
      '2026-04-04T14:30Z',
      AUTO,
      ['04-04 14:45 fold_first', '04-04 15:00 fold_second', '04-04 15:15 fold_second', '04-04 15:30'],
    ],
    [
      'Casablanca before Ramadan',
      cron('30 2 * * *', 'Africa/Casablanca'),
      '2026-02-14T00:00Z',
      AUTO,
      ['02-14 01:30', '02-15 01:30 fold_first', '02-16 02:30'],
    ],
    ['Kathmandu, 5:45 ahead', cron('0 0 * * *', 'Asia/Kathmandu'), '2026-03-01T00:00Z', AUTO, ['03-01 18:15']],
    [
      'Sao Paulo, midnight that was not',
      cron('0 0 * * *', 'America/Sao_Paulo'),
      '2018-11-03T12:00Z',
      AUTO,
      ['11-04 03:00 gap_shifted', '11-05 02:00'],
    ],
    [
      'Apia, the day that was not',
      cron('0 12 * * *', 'Pacific/Apia'),
      '2011-12-29T00:00Z',
      AUTO,
      ['12-29 22:00', '12-30 10:00 gap_shifted', '12-30 22:00'],
    ],
    [
      'Apia, the day that was not, hourly',
      cron('0 * * * *', 'Pacific/Apia'),
      '2011-12-30T08:30Z',
      AUTO,
      ['12-30 09:00', '12-30 10:00', '12-30 11:00'],
    ],
    [
      'a daily rrule in the gap',
      rrule('DTSTART:20200101T023000\nRRULE:FREQ=DAILY', 'Europe/Berlin'),
      '2026-03-29T00:00Z',
      AUTO,
      ['03-29 01:00 gap_shifted', '03-30 00:30'],
    ],
    [
      'an hourly rrule in the fold',
      rrule('DTSTART:20200101T003000\nRRULE:FREQ=HOURLY', 'Europe/Berlin'),
      '2026-10-25T00:00Z',
      AUTO,
      ['10-25 00:30 fold_first', '10-25 01:30 fold_second', '10-25 02:30'],
    ],
    [
      'every two hours is coarser than hourly',
      cron('0 */2 * * *', 'Europe/Berlin'),
      '2026-10-24T23:00Z',
      AUTO,
      ['10-25 00:00 fold_first', '10-25 03:00'],
    ],
    [
      'a range of hours is hourly',
      cron('0 1-4 * * *', 'Europe/Berlin'),
      '2026-10-24T23:00Z',
      AUTO,
      ['10-25 00:00 fold_first', '10-25 01:00 fold_second', '10-25 02:00'],
    ],
    [
      'an interval knows no clock changes',
      { kind: 'interval', minutes: 90, phaseMinutes: 10 },
      '2026-03-29T00:10Z',
      AUTO,
      ['03-29 01:40', '03-29 03:10'],
    ],
  ])('%s', (_name, schedule, after, dst, expected) => {
    expect(show(schedule, after, expected.length, dst)).toEqual(expected);
  });

  it('tells local time and offset that belong to the instant', () => {
    const [fire] = nextFires(cron('30 2 29 3 *', 'Europe/Berlin'), {
      after: new Date('2026-01-01T00:00Z'),
      count: 1,
      dst: AUTO,
    });
    expect(fire).toEqual({
      at: new Date('2026-03-29T01:00Z'),
      local: '2026-03-29T03:00',
      offsetMinutes: 120,
      dst: 'gap_shifted',
    });
  });
});

describe('next fires', () => {
  it('ends at `until`, inclusive, and with the rule', () => {
    const query = { after: new Date('2026-01-01T00:00Z'), count: 10, dst: AUTO, until: new Date('2026-01-01T00:10Z') };
    expect(nextFires(cron('*/5 * * * *'), query)).toHaveLength(2);
    expect(show(rrule('DTSTART:20260101T090000\nRRULE:FREQ=DAILY;COUNT=3'), '2026-01-01T09:00Z', 9)).toEqual([
      '01-02 09:00',
      '01-03 09:00',
    ]);
    expect(
      show(
        rrule('DTSTART:20260101T090000\nEXDATE:20260103T090000\nRRULE:FREQ=DAILY;UNTIL=20260104T090000'),
        '2026-01-01T09:00Z',
        9,
      ),
    ).toEqual(['01-02 09:00', '01-04 09:00']);
  });

  it('gives up on a rule that only ever names skipped times', () => {
    const lastSundayOfMarch = cron('30 2 * 3 0L', 'Europe/Berlin');
    const query = { after: new Date('2026-01-01T00:00Z'), count: 2, dst: { gap: 'skip', fold: 'auto' } as const };
    expect(nextFires(lastSundayOfMarch, query)).toEqual([]);
    expect(show(lastSundayOfMarch, '2026-01-01T00:00Z', 1)).toEqual(['03-29 01:00 gap_shifted']);
  });

  it('finds 29 February across 2100', () => {
    expect(show(cron('0 0 29 2 *'), '2096-03-01T00:00Z', 1)).toEqual(['02-29 00:00']);
    expect(nextFires(cron('0 0 29 2 *'), { after: new Date('2096-03-01T00:00Z'), count: 1, dst: AUTO })[0]?.local).toBe(
      '2104-02-29T00:00',
    );
  });

  const zones = [
    'UTC',
    'Europe/Berlin',
    'America/New_York',
    'Australia/Lord_Howe',
    'Africa/Casablanca',
    'Asia/Kathmandu',
  ];
  const anyInstant = fc.integer({ min: Date.UTC(2015, 0, 1), max: Date.UTC(2035, 0, 1) });
  const anyDst = fc.record({ gap: fc.constantFrom('shift', 'skip'), fold: fc.constantFrom('auto', 'first', 'both') });
  const anySchedule = fc.oneof(
    fc
      .tuple(
        fc.constantFrom('*', '0', '*/7', '13,47', '5-50/15'),
        fc.constantFrom('*', '2', '0-5', '*/3', '1,2,23'),
        fc.constantFrom('*', '1', 'L', '13'),
        fc.constantFrom('*', '1-5', '0', '5#2'),
        fc.constantFrom(...zones),
      )
      .map(([minute, hour, day, weekday, zone]) => cron(`${minute} ${hour} ${day} * ${weekday}`, zone)),
    fc
      .tuple(
        fc.constantFrom(
          'MINUTELY;INTERVAL=11',
          'HOURLY;INTERVAL=5',
          'DAILY',
          'WEEKLY;BYDAY=SU,WE',
          'MONTHLY;BYDAY=-1SU',
        ),
        fc.constantFrom(...zones),
      )
      .map(([rule, zone]) => rrule(`DTSTART:20140331T023000\nRRULE:FREQ=${rule}`, zone)),
    fc.record({
      kind: fc.constant('interval' as const),
      minutes: fc.integer({ min: 1, max: 1_440 }),
      phaseMinutes: fc.integer({ min: 0, max: 1_439 }),
    }),
  );

  it('cost a rare rule no more than what it names in the stretch that was asked for', () => {
    const before = process.cpuUsage();
    for (let n = 0; n < 20; n += 1) {
      const stretch = { afterMs: Date.UTC(2026, 5, 1 + n), untilMs: Date.UTC(2026, 5, 2 + n) };
      expect(fireTimes(cron('0 0 1 1 *'), { ...stretch, limit: 2_000, dst: AUTO })).toEqual([]);
    }
    const { user, system } = process.cpuUsage(before);
    // Of the processor's time, whoever else is at work: some 20 ms each, and 1 s each when hundreds are asked for.
    expect((user + system) / 1_000).toBeLessThan(4_000);
  });

  it('are after the question, strictly increasing, on whole minutes, and one by one the same as all at once', () => {
    fc.assert(
      fc.property(anySchedule, anyInstant, anyDst, (schedule, afterMs, dst) => {
        const fires = nextFires(schedule, { after: new Date(afterMs), count: 12, dst });
        let previous = new Date(afterMs);
        for (const fire of fires) {
          expect(fire.at.getTime()).toBeGreaterThan(previous.getTime());
          expect(fire.at.getTime() % 60_000).toBe(0);
          expect(Date.parse(`${fire.local}Z`) - fire.offsetMinutes * 60_000).toBe(fire.at.getTime());
          expect(nextFires(schedule, { after: previous, count: 1, dst })).toEqual([fire]);
          previous = fire.at;
        }
        expect(fires).toHaveLength(12);
      }),
      { numRuns: 150 },
    );
  });

  it('of an interval are the grid from the epoch', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_440 }),
        fc.integer({ min: 0, max: 1_439 }),
        anyInstant,
        (minutes, phase, ms) => {
          const [fire] = nextFires(
            { kind: 'interval', minutes, phaseMinutes: phase },
            { after: new Date(ms), count: 1, dst: AUTO },
          );
          const minute = (fire?.at.getTime() ?? 0) / 60_000;
          expect((minute - phase) % minutes).toBe(0);
          expect(minute * 60_000).toBeGreaterThan(ms);
          expect((minute - minutes) * 60_000).toBeLessThanOrEqual(ms);
        },
      ),
    );
  });
});
