import { describe, expect, it } from 'vitest';
import { describeSchedule } from './describe-schedule.ts';
import { jitterMs } from './jitter.ts';

const cron = (expression: string, timezone = 'Europe/Berlin') =>
  describeSchedule({ kind: 'cron', expression, timezone });
const rrule = (text: string, timezone = 'UTC') =>
  describeSchedule({ kind: 'rrule', rrule: `DTSTART:20260105T090000\nRRULE:${text}`, timezone });

describe('a schedule in words', () => {
  it.each([
    ['*/15 * * * *', 'every 15 minutes (Europe/Berlin)'],
    ['* * * * *', 'every minute (Europe/Berlin)'],
    ['5 * * * *', 'every hour at :05 (Europe/Berlin)'],
    ['0,30 * * * *', 'every hour at :00 and :30 (Europe/Berlin)'],
    ['30 2 * * *', 'at 02:30 every day (Europe/Berlin)'],
    ['30 2,14 * * *', 'at 02:30 and 14:30 every day (Europe/Berlin)'],
    ['@daily', 'at 00:00 every day (Europe/Berlin)'],
    ['0 9 * * MON-FRI', 'at 09:00 on Monday to Friday (Europe/Berlin)'],
    ['0 9 * * 0,6', 'at 09:00 on Sunday and Saturday (Europe/Berlin)'],
    ['0 9 * * 5#3', 'at 09:00 on the third Friday of the month (Europe/Berlin)'],
    ['0 9 * * 5L', 'at 09:00 on the last Friday of the month (Europe/Berlin)'],
    ['0 9 L * *', 'at 09:00 on the last day of the month (Europe/Berlin)'],
    ['0 9 13 * 5', 'at 09:00 on day 13 of the month or on Friday (Europe/Berlin)'],
    ['0 9 1 JAN,JUL *', 'at 09:00 on day 1 of the month in January and July (Europe/Berlin)'],
    ['5 */2 * * *', 'every 2 hours from 00:05 every day (Europe/Berlin)'],
    ['*/10 9-17 * * 1-5', 'every 10 minutes, hours 09 to 17 on Monday to Friday (Europe/Berlin)'],
    // No plain wording: as written rather than nearly right.
    ['*/7 * * * *', 'cron */7 * * * * (Europe/Berlin)'],
    ['0 9 1-7/2 * *', 'cron 0 9 1-7/2 * * (Europe/Berlin)'],
    ['61 * * * *', 'cron 61 * * * * (Europe/Berlin)'],
  ])('%s is "%s"', (expression, words) => {
    expect(cron(expression)).toBe(words);
  });

  it('leaves UTC out where no hour and no day depends on it', () => {
    expect(cron('*/15 * * * *', 'UTC')).toBe('every 15 minutes');
    expect(cron('30 2 * * *', 'UTC')).toBe('at 02:30 every day (UTC)');
  });

  it.each([
    ['FREQ=DAILY', 'every day at 09:00 (UTC)'],
    ['FREQ=WEEKLY', 'every week on Monday at 09:00 (UTC)'],
    [
      'FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH',
      'every 2 weeks on Monday and Thursday at 09:00 (UTC), from 2026-01-05 09:00',
    ],
    ['FREQ=MONTHLY;BYDAY=-1FR', 'every month on the last Friday of the month at 09:00 (UTC)'],
    ['FREQ=MONTHLY;BYMONTHDAY=-1;BYHOUR=8,20', 'every month on the last day of the month at 08:00 and 20:00 (UTC)'],
    ['FREQ=YEARLY', 'every year on day 5 of January at 09:00 (UTC)'],
    ['FREQ=HOURLY;BYMINUTE=5,35', 'every hour at :05 and :35 (UTC)'],
    ['FREQ=MINUTELY;INTERVAL=15', 'every 15 minutes (UTC), from 2026-01-05 09:00'],
    ['FREQ=DAILY;COUNT=10', 'every day at 09:00 (UTC), from 2026-01-05 09:00, 10 times in all'],
    ['FREQ=DAILY;UNTIL=20261231T090000', 'every day at 09:00 (UTC), until 2026-12-31 09:00'],
    ['FREQ=YEARLY;BYWEEKNO=20', 'rrule DTSTART:20260105T090000 RRULE:FREQ=YEARLY;BYWEEKNO=20 (UTC)'],
  ])('%s is "%s"', (text, words) => {
    expect(rrule(text)).toBe(words);
  });

  it('says intervals plainly', () => {
    const interval = (minutes: number, phaseMinutes = 0) =>
      describeSchedule({ kind: 'interval', minutes, phaseMinutes });
    expect([interval(1), interval(90), interval(120), interval(1440), interval(15, 20)]).toEqual([
      'every minute',
      'every 90 minutes',
      'every 2 hours',
      'every day',
      'every 15 minutes, shifted by 5 min',
    ]);
  });
});

describe('jitter', () => {
  it('is stable, below its bound, and spreads schedules of one instant', () => {
    const at = new Date('2026-11-21T10:00:00Z');
    const spread = Array.from({ length: 500 }, (_, index) => jitterMs(`schedule-${index}`, at, 60));
    expect(spread).toEqual(Array.from({ length: 500 }, (_, index) => jitterMs(`schedule-${index}`, at, 60)));
    expect(Math.min(...spread)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...spread)).toBeLessThan(60_000);
    expect(new Set(spread.map((ms) => Math.floor(ms / 6_000))).size).toBe(10);
    expect(jitterMs('schedule-1', at, 0)).toBe(0);
    expect(jitterMs('schedule-1', at, 60)).not.toBe(jitterMs('schedule-1', new Date(at.getTime() + 60_000), 60));
  });
});
