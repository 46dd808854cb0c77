import { describe, expect, it } from 'vitest';
import { clockTime, count, counted, dayOf, duration, exactTime, relative, utcOffset } from './format.ts';

const at = Date.parse('2026-03-29T01:30:05Z');

describe('times as the pages write them', () => {
  it('shows an instant in the zone it is asked for, across a clock change', () => {
    expect(exactTime(at, 'UTC')).toBe('2026-03-29 01:30:05');
    expect(exactTime(at, 'Europe/Berlin')).toBe('2026-03-29 03:30:05');
    expect(exactTime(at - 3_600_000, 'Europe/Berlin')).toBe('2026-03-29 01:30:05');
  });
  it('writes midnight as 00 and not as 24', () => {
    expect(exactTime(Date.parse('2026-01-01T00:00:00Z'), 'UTC')).toBe('2026-01-01 00:00:00');
  });
  it('leaves seconds out of a clock time only where they are zero', () => {
    expect(clockTime(at, 'UTC')).toBe('01:30:05');
    expect(clockTime(at - 5_000, 'UTC')).toBe('01:30');
    expect(dayOf(at, 'UTC')).toBe('29 Mar');
  });
  it('names the offset that holds at the instant, not the one of today', () => {
    expect(utcOffset(at, 'Europe/Berlin')).toBe('UTC+02:00');
    expect(utcOffset(at - 3_600_000, 'Europe/Berlin')).toBe('UTC+01:00');
    expect(utcOffset(at, 'America/St_Johns')).toBe('UTC−02:30');
    expect(utcOffset(at, 'UTC')).toBe('UTC');
  });
  it('gives a span in its two largest units', () => {
    expect(duration(340)).toBe('340 ms');
    expect(duration(1_540)).toBe('1.5 s');
    expect(duration(9_990)).toBe('9.9 s');
    expect(duration(59_700)).toBe('1 min');
    expect(duration(7_500_000)).toBe('2 h 5 min');
    expect(duration(90_061_000)).toBe('1 d 1 h');
    expect(duration(86_405_000)).toBe('1 d');
    expect(duration(-340)).toBe('−340 ms');
  });
  it('gives an age in one unit, in both directions', () => {
    expect(relative(at, at)).toBe('now');
    expect(relative(at - 119_000, at)).toBe('1 min ago');
    expect(relative(at + 42_000, at)).toBe('in 42 s');
  });
  it('groups digits', () => {
    expect(count(1_234_567)).toBe('1,234,567');
    expect(count(12)).toBe('12');
  });
  it('says one of a thing as one', () => {
    expect([0, 1, 1_234].map((n) => counted(n, 'event'))).toEqual(['0 events', '1 event', '1,234 events']);
    expect(counted(1, 'time', 'times')).toBe('1 time');
  });
});
