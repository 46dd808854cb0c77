import { describe, expect, it } from 'vitest';
import { CRON_JOBS, latestSlot, nextSlot, readJobSchedules } from './index.ts';

const at = (text: string) => new Date(text);

describe('CRON_SCHEDULES', () => {
  it('leaves every job its default when it is empty', () => {
    expect(readJobSchedules('')).toEqual(new Map(CRON_JOBS.map((job) => [job.name, job.schedule])));
  });

  it('changes the jobs it names, with spaces and a last semicolon, and no other', () => {
    const schedules = readJobSchedules(' outboxReaper = */5 * * * * ;flowSchedulerTick=off; ');
    expect(schedules.get('outboxReaper')).toBe('*/5 * * * *');
    expect(schedules.get('flowSchedulerTick')).toBeNull();
    const others = CRON_JOBS.filter((job) => !['outboxReaper', 'flowSchedulerTick'].includes(job.name));
    for (const job of others) expect(schedules.get(job.name)).toBe(job.schedule);
  });

  it.each([
    ['cleanup', 'write <job>='],
    ['nothing=off', 'there is no job "nothing"'],
    ['outboxReaper=61 * * * *', 'outboxReaper=61'],
    ['outboxReaper=* * * *', 'five'],
    ['outboxReaper=', 'five'],
    ['outboxReaper=* * * * * *', 'five'],
    ['outboxReaper=0 0 31 2 *', 'never fires'],
    ['outboxReaper=off;outboxReaper=off', 'given twice'],
    ['flowSchedulerTick=*/5 * * * *', 'only "off"'],
  ])('refuses %j and names itself', (text, why) => {
    expect(() => readJobSchedules(text)).toThrow('CRON_SCHEDULES');
    expect(() => readJobSchedules(text)).toThrow(why);
  });
});

describe('the slot of a late waking', () => {
  it.each([
    ['30 4 * * *', '2026-03-01T04:30:00Z', '2026-03-01T04:30:00.004Z', '2026-03-01T04:30:00Z'],
    ['30 4 * * *', '2026-03-01T04:30:00Z', '2026-03-01T12:00:00Z', '2026-03-01T04:30:00Z'],
    ['30 4 * * *', '2026-03-01T04:30:00Z', '2026-03-11T04:29:59Z', '2026-03-10T04:30:00Z'],
    ['*/2 * * * *', '2026-03-01T04:30:00Z', '2026-09-01T04:31:00Z', '2026-09-01T04:30:00Z'],
    ['* * 1 * *', '2026-08-01T00:00:00Z', '2026-08-30T04:31:00Z', '2026-08-01T23:59:00Z'],
    ['0 0 1 1 *', '2020-01-01T00:00:00Z', '2026-08-30T04:31:00Z', '2026-01-01T00:00:00Z'],
    // The hour that clocks in Europe repeat, and the one they leave out: UTC knows neither.
    ['0 1 * * *', '2026-10-24T01:00:00Z', '2026-10-25T01:00:00Z', '2026-10-25T01:00:00Z'],
    ['30 1 * * *', '2026-03-28T01:30:00Z', '2026-03-29T01:45:00Z', '2026-03-29T01:30:00Z'],
  ])('of %j due since %s is, at %s, the latest: %s', (expression, firstDueAt, now, slot) => {
    expect(latestSlot(expression, at(firstDueAt), at(now))).toEqual(at(slot));
  });

  it('is never before the first due instant', () => {
    expect(latestSlot('* * * * *', at('2026-03-01T04:30:00Z'), at('2026-03-01T04:30:00Z'))).toEqual(
      at('2026-03-01T04:30:00Z'),
    );
  });

  it('is followed by the next', () => {
    expect(nextSlot('30 4 * * *', at('2026-03-01T04:30:00Z'))).toEqual(at('2026-03-02T04:30:00Z'));
  });
});
