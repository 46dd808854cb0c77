import { describe, expect, it } from 'vitest';
import { lagMinutes } from './lag.ts';

const at = (time: string) => new Date(`2026-03-10T${time}Z`);
const lag = (given: Partial<Parameters<typeof lagMinutes>[0]>) =>
  lagMinutes({
    hasSchedule: true,
    isPaused: false,
    expectedAt: at('10:00:00'),
    startedAt: at('10:00:30'),
    isSettled: false,
    nextFireAt: at('10:30:00'),
    now: at('10:20:00'),
    ...given,
  });

describe('the lag of a schedule', () => {
  it("is its latest instant's run's start minus the instant, however long ago that was", () => {
    expect(lag({})).toEqual({ expectedAt: '2026-03-10T10:00:00.000Z', lagMinutes: 0.5 });
    expect(lag({ startedAt: at('10:07:12') }).lagMinutes).toBe(7.2);
    expect(lag({ now: at('10:29:00') }).lagMinutes).toBe(0.5);
  });

  it('grows while the run has not started', () => {
    expect(lag({ startedAt: null, now: at('10:00:06') }).lagMinutes).toBe(0.1);
    expect(lag({ startedAt: null, now: at('10:20:00') }).lagMinutes).toBe(20);
  });

  it('is null when nobody waits for the run any more, until the next instant is overdue', () => {
    expect(lag({ startedAt: null, isSettled: true }).lagMinutes).toBeNull();
    expect(lag({ startedAt: null, isSettled: true, nextFireAt: at('10:10:00') }).lagMinutes).toBe(10);
  });

  it('is never negative, when a clock steps back', () => {
    expect(lag({ startedAt: at('09:59:59') }).lagMinutes).toBe(0);
    expect(lag({ startedAt: null, now: at('09:59:00') }).lagMinutes).toBe(0);
  });

  it('is null while paused, but what was expected is still told', () => {
    expect(lag({ isPaused: true })).toEqual({ expectedAt: '2026-03-10T10:00:00.000Z', lagMinutes: null });
    expect(lag({ isPaused: true, nextFireAt: at('09:00:00') }).lagMinutes).toBeNull();
  });

  it('is null without a schedule, and before the first instant', () => {
    expect(lag({ hasSchedule: false, nextFireAt: null })).toEqual({ expectedAt: null, lagMinutes: null });
    expect(lag({ expectedAt: null, startedAt: null })).toEqual({ expectedAt: null, lagMinutes: null });
  });

  it('grows when no tick has decided a due instant for more than a minute: the scheduler is dead', () => {
    expect(lag({ nextFireAt: at('10:10:00') })).toEqual({ expectedAt: '2026-03-10T10:10:00.000Z', lagMinutes: 10 });
    expect(lag({ expectedAt: null, startedAt: null, nextFireAt: at('10:15:00') }).lagMinutes).toBe(5);
  });

  it('gives a tick that minute', () => {
    expect(lag({ nextFireAt: at('10:19:00') }).lagMinutes).toBe(0.5);
    expect(lag({ nextFireAt: at('10:18:30') }).lagMinutes).toBe(1.5);
  });

  it('does not count a rule that has ended as overdue', () => {
    expect(lag({ nextFireAt: null }).lagMinutes).toBe(0.5);
  });
});
