// Schedules whose rule or policies nobody can read.
import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { at, EVERY_MINUTE, openTicks, type ScheduleOptions } from './testing/ticks.ts';

const db = await testDatabase();
const { makeSchedule, tickAt, lines, nextFire } = await openTicks(db);

describe('a schedule that cannot be decided', () => {
  const broken: [string, ScheduleOptions][] = [
    ['a rule without a kind', { schedule: {} }],
    ['a rule that is text', { schedule: 'nonsense' }],
    ['a kind that nobody knows', { schedule: { kind: 'moon' } }],
    ['a cron that is none', { schedule: { kind: 'cron', expression: 'every day', timezone: 'UTC' } }],
    ['a cron without an expression', { schedule: { kind: 'cron', timezone: 'UTC' } }],
    ['a zone that is none', { schedule: { ...EVERY_MINUTE, timezone: 'Mars/Base' } }],
    ['an interval of nothing', { schedule: { kind: 'interval', minutes: 0, phaseMinutes: 0 } }],
    ['an interval without minutes', { schedule: { kind: 'interval' } }],
    ['an rrule that is none', { schedule: { kind: 'rrule', rrule: 'FREQ=NEVER', timezone: 'UTC' } }],
    ['policies that are missing', { policies: { broken: true } }],
    ['policies that are text', { policies: 'nonsense' }],
  ];

  it.each(broken)('with %s stops no other, and stays due', async (_what, options) => {
    const bad = await makeSchedule({ ...options, next: at('09:00') });
    const good = await makeSchedule();
    expect(await tickAt('10:00')).toMatchObject({ due: 1, fired: 1 });
    expect(await lines(good)).toEqual(['10:00 ×1 fired']);
    expect(await lines(bad)).toEqual([]);
    expect(await nextFire(bad)).toBe('09:00');
  });

  it('hides none behind it, even when such schedules fill whole batches', async () => {
    for (const [, options] of broken) await makeSchedule({ ...options, next: at('09:00') });
    for (let index = 0; index < 5; index += 1) await makeSchedule();
    expect(await tickAt('10:00', { batchSize: 2 })).toMatchObject({ due: 5, fired: 5 });
  });
});
