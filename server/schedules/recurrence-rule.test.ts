import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openRecurrenceRule } from './recurrence-rule.ts';

const DAY_MS = 86_400_000;
const local = (text: string) => Date.parse(`${text}:00Z`);
const show = (times: number[]) => times.map((ms) => new Date(ms).toISOString().slice(0, 16));
const open = (rule: string, dtstart = '20200131T093000') => openRecurrenceRule(`DTSTART:${dtstart}\nRRULE:${rule}`);

describe('recurrence rules', () => {
  const anyPart = fc.constantFrom(
    'MINUTELY;INTERVAL=7',
    'MINUTELY;INTERVAL=1500;BYDAY=MO,TH',
    'HOURLY;INTERVAL=5;BYMINUTE=5,50',
    'HOURLY;INTERVAL=7;BYDAY=SA;BYMONTH=1,6',
    'DAILY;INTERVAL=3;BYHOUR=1,13;BYMINUTE=0,30',
    'DAILY;BYMONTHDAY=13;BYDAY=FR',
    'WEEKLY;INTERVAL=2;WKST=SU;BYDAY=SU,MO,SA',
    'WEEKLY;INTERVAL=3',
    'WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1',
    'WEEKLY;INTERVAL=2;BYDAY=MO,WE,FR;BYSETPOS=2',
    'MONTHLY;BYDAY=MO,WE,FR;BYSETPOS=2',
    'MONTHLY',
    'MONTHLY;INTERVAL=5;BYMONTHDAY=-1,15',
    'MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1',
    'MONTHLY;INTERVAL=2;BYDAY=2TU,-1FR',
    'YEARLY',
    'YEARLY;INTERVAL=2;BYMONTH=3,11;BYDAY=1SU',
    'YEARLY;BYWEEKNO=1,53;BYDAY=MO',
    'YEARLY;BYYEARDAY=1,-1',
  );
  const anyStart = fc.integer({ min: Date.UTC(2018, 0, 1), max: Date.UTC(2020, 11, 31) });
  const dtstartOf = (ms: number) => `${new Date(ms).toISOString().replace(/[-:]/g, '').slice(0, 13)}00`;

  it('moved forward by whole intervals give the same times as walked from DTSTART', () => {
    fc.assert(
      fc.property(anyPart, anyStart, fc.integer({ min: -10, max: 500 }), (part, startMs, days) => {
        const text = `DTSTART:${dtstartOf(startMs)}\nRRULE:FREQ=${part}`;
        const afterMs = startMs + days * DAY_MS;
        expect(show(openRecurrenceRule(text).timesAfter(afterMs, 5))).toEqual(
          show(openRecurrenceRule(text, false).timesAfter(afterMs, 5)),
        );
      }),
      { numRuns: 120 },
    );
  }, 20_000);

  it('choose by BYSETPOS from whole weeks, also when the rule begins in the middle of one', () => {
    // 3 January 2024 is a Wednesday; entered there, a week would have Friday as its second day.
    const rule = open('FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=2', '20240103T090000');
    expect(show(rule.timesAfter(local('2026-11-19T00:00'), 2))).toEqual(['2026-11-25T09:00', '2026-12-02T09:00']);
  });

  it('skip the months that do not have the day', () => {
    expect(show(open('FREQ=MONTHLY').timesAfter(local('2026-01-31T09:30'), 3))).toEqual([
      '2026-03-31T09:30',
      '2026-05-31T09:30',
      '2026-07-31T09:30',
    ]);
  });

  it('end with COUNT, counted from DTSTART', () => {
    const rule = open('FREQ=DAILY;COUNT=3', '20260101T000000');
    expect(rule.isFinite).toBe(true);
    expect(show(rule.timesAfter(local('2026-01-01T00:00'), 9))).toEqual(['2026-01-02T00:00', '2026-01-03T00:00']);
    expect(rule.timesAfter(local('2026-01-03T00:00'), 9)).toEqual([]);
  });

  it('cost no more for being old: one that fires each minute since 1970 answers at once', () => {
    const rule = open('FREQ=MINUTELY', '19700101T000000');
    const startedMs = performance.now();
    for (let minute = 0; minute < 100; minute += 1) {
      const afterMs = Date.UTC(2026, 10, 21) + minute * 60_000;
      expect(rule.timesAfter(afterMs, 1)).toEqual([afterMs + 60_000]);
    }
    // Walked from DTSTART a single one takes minutes; 100 take some 5 ms here, the limit is 5 ms each.
    expect(performance.now() - startedMs).toBeLessThan(500);
  });

  it.each([
    'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29',
    'FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30',
  ])('stop searching when they never fire: %s', (rule) => {
    const startedMs = performance.now();
    expect(() => open(rule, '20250101T000000').timesAfter(Date.UTC(2026, 5, 1), 1)).toThrow('never fires');
    // Without the budget the library walks to the year 9999 (seconds).
    expect(performance.now() - startedMs).toBeLessThan(250);
  });

  it.each([
    ['FREQ=MINUTELY;BYDAY=MO;BYHOUR=9', 'BYHOUR with FREQ=MINUTELY'],
    ['FREQ=HOURLY;INTERVAL=24;BYHOUR=5', 'BYHOUR with FREQ=HOURLY'],
    ['FREQ=MINUTELY;INTERVAL=15;BYMINUTE=7', 'BYMINUTE with FREQ=MINUTELY'],
    ['FREQ=SECONDLY', 'FREQ=SECONDLY is not one of'],
    ['FREQ=DAILY;BYSECOND=30', 'a minute is the finest step'],
    ['FREQ=DAILY;COUNT=501', '"501" is not 1 to 500'],
    ['FREQ=DAILY;UNTIL=20270101T000000Z', 'ends in Z'],
    ['FREQ=DAILY;BYHOUR=24', '"24" is not 0 to 23'],
    ['FREQ=WEEKLY;BYDAY=1MO', 'a numbered day is for FREQ=MONTHLY or YEARLY'],
    ['FREQ=WEEKLY;BYDAY=XX', '"XX" is not a weekday'],
    ['FREQ=DAILY;BYEASTER=1', 'BYEASTER=1 is not a part'],
    ['FREQ=DAILY;INTERVAL=0', '"0" is not 1 to 10000'],
    ['FREQ=DAILY;FREQ=WEEKLY', 'FREQ is given twice'],
    ['', 'is not a part'],
  ])('refuse what the library would get wrong or loop on: %s', (rule, message) => {
    expect(() => open(rule)).toThrow(message);
  });

  it('refuse zones, missing lines and second rules in the text', () => {
    expect(() => openRecurrenceRule('DTSTART;TZID=Europe/Berlin:20260101T090000\nRRULE:FREQ=DAILY')).toThrow(
      'leave TZID out',
    );
    expect(() => openRecurrenceRule('DTSTART:20260101T090000Z\nRRULE:FREQ=DAILY')).toThrow('without Z');
    expect(() => openRecurrenceRule('DTSTART:20260231T090000\nRRULE:FREQ=DAILY')).toThrow(
      'is not a local date and time',
    );
    expect(() => openRecurrenceRule('DTSTART:20260131T090030\nRRULE:FREQ=DAILY')).toThrow('has seconds');
    expect(() => openRecurrenceRule('RRULE:FREQ=DAILY')).toThrow('DTSTART is missing');
    expect(() => openRecurrenceRule('DTSTART:20260101T090000')).toThrow('RRULE is missing');
    expect(() => openRecurrenceRule('DTSTART:20260101T090000\nRRULE:FREQ=DAILY\nRRULE:FREQ=DAILY')).toThrow(
      'one RRULE line',
    );
    expect(() => openRecurrenceRule('DTSTART:20260101T090000\nRRULE:FREQ=DAILY\nRDATE:20260101T090000')).toThrow(
      'is not taken',
    );
  });
});
