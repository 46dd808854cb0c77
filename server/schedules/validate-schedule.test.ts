import { describe, expect, it } from 'vitest';
import type { Schedule } from '#server/ir/index.ts';
import { validateSchedule } from './validate-schedule.ts';

const now = new Date('2026-11-21T10:00:00Z');
const cron = (expression: string): Schedule => ({ kind: 'cron', expression, timezone: 'Europe/Berlin' });
const rrule = (text: string): Schedule => ({
  kind: 'rrule',
  rrule: `DTSTART:20250101T000000\nRRULE:${text}`,
  timezone: 'UTC',
});
const codes = (schedule: Schedule) =>
  validateSchedule(schedule, now).map((problem) => `${problem.pointer} ${problem.code} ${problem.severity}`);

describe('a schedule at save', () => {
  it.each([
    cron('*/5 * * * *'),
    cron('0 9 * * MON-FRI'),
    cron('0 0 L * *'),
    cron('0 0 * JAN,JUL 5#3'),
    cron('0 0 29 2 *'),
    cron('@daily'),
    rrule('FREQ=MINUTELY;INTERVAL=5'),
    rrule('FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29'),
    rrule('FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1'),
    { kind: 'interval', minutes: 15, phaseMinutes: 0 },
  ] satisfies Schedule[])('is accepted: %j', (schedule) => {
    expect(codes(schedule)).toEqual([]);
  });

  it.each<[Schedule, string]>([
    [cron('0 0 30 2 *'), '/expression never_fires error'],
    [cron('0 0 31 4,6,9,11 *'), '/expression never_fires error'],
    [cron('0 0 * 2 1#5'), '/expression too_rare error'],
    [cron('H * * * *'), '/expression cron_hash error'],
    [cron('* * * * * *'), '/expression cron_fields error'],
    [cron('* * * *'), '/expression cron_fields error'],
    [cron('@reboot'), '/expression cron_macro error'],
    [cron('@secondly'), '/expression cron_macro error'],
    [cron('60 * * * *'), '/expression cron_syntax error'],
    [cron('0 0 * * 8'), '/expression cron_syntax error'],
    [cron('   '), '/expression cron_fields error'],
    [{ kind: 'cron', expression: '0 0 * * *', timezone: 'Mars/Olympus' }, '/timezone timezone error'],
    [rrule('FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30'), '/rrule too_costly error'],
    [rrule('FREQ=DAILY;INTERVAL=10000'), '/rrule too_rare error'],
    [
      rrule(
        `FREQ=YEARLY;BYMONTHDAY=${Array.from({ length: 28 }, (_, day) => day + 1)};BYHOUR=1,2,3,4,5,6;BYMINUTE=0,15,30,45`,
      ),
      '/rrule too_costly error',
    ],
    [rrule('FREQ=SECONDLY'), '/rrule rrule_freq error'],
    [rrule('FREQ=DAILY;COUNT=3'), '/rrule schedule_ended warning'],
    [rrule('FREQ=DAILY;UNTIL=20260101T000000'), '/rrule schedule_ended warning'],
  ])('is refused: %j as %s', (schedule, expected) => {
    expect(codes(schedule)).toEqual([expected]);
  });

  it('tells the value and what to do', () => {
    const [problem] = validateSchedule(cron('0 0 30 2 *'), now);
    expect(problem?.message).toBe('"0 0 30 2 *" never fires: its months do not have that day');
  });

  it('takes the gap policy into account: a time that is always skipped never fires', () => {
    const skipped = cron('30 2 * 3 0L');
    expect(validateSchedule(skipped, now, { gap: 'skip', fold: 'auto' }).map((problem) => problem.code)).toEqual([
      'never_fires',
    ]);
    expect(codes(skipped)).toEqual([]);
  });
});
