import { describe, expect, it } from 'vitest';
import { earliestLocalAfter, instantToLocal, localToInstants, offsetMsAt, resolveLocal } from './wall-clock.ts';

const HOUR_MS = 3_600_000;
const instants = (local: string, zone: string) => localToInstants(local, zone).map((at) => at.toISOString());

describe('wall clock', () => {
  it.each([
    ['2026-07-01T12:00', 'UTC', ['2026-07-01T12:00:00.000Z']],
    ['2026-07-01T12:00', 'Asia/Kathmandu', ['2026-07-01T06:15:00.000Z']],
    ['2026-07-01T12:00', 'Europe/Berlin', ['2026-07-01T10:00:00.000Z']],
    // Clocks go forward: 02:00 to 03:00 does not exist.
    ['2026-03-29T01:59', 'Europe/Berlin', ['2026-03-29T00:59:00.000Z']],
    ['2026-03-29T02:00', 'Europe/Berlin', []],
    ['2026-03-29T02:59', 'Europe/Berlin', []],
    ['2026-03-29T03:00', 'Europe/Berlin', ['2026-03-29T01:00:00.000Z']],
    ['2026-03-08T02:30', 'America/New_York', []],
    // Clocks go back: the hour is there twice.
    ['2026-10-25T02:00', 'Europe/Berlin', ['2026-10-25T00:00:00.000Z', '2026-10-25T01:00:00.000Z']],
    ['2026-10-25T03:00', 'Europe/Berlin', ['2026-10-25T02:00:00.000Z']],
    ['2026-11-01T01:30', 'America/New_York', ['2026-11-01T05:30:00.000Z', '2026-11-01T06:30:00.000Z']],
    // Half an hour only.
    ['2026-10-04T02:15', 'Australia/Lord_Howe', []],
    ['2026-10-04T02:30', 'Australia/Lord_Howe', ['2026-10-03T15:30:00.000Z']],
    ['2026-04-05T01:45', 'Australia/Lord_Howe', ['2026-04-04T14:45:00.000Z', '2026-04-04T15:15:00.000Z']],
    ['2026-04-05T01:29', 'Australia/Lord_Howe', ['2026-04-04T14:29:00.000Z']],
    // Ramadan: Morocco sets its clock back and forward again within five weeks.
    ['2026-02-15T02:30', 'Africa/Casablanca', ['2026-02-15T01:30:00.000Z', '2026-02-15T02:30:00.000Z']],
    ['2026-03-22T02:30', 'Africa/Casablanca', []],
    // The gap began at midnight: that day had no 00:00.
    ['2018-11-04T00:00', 'America/Sao_Paulo', []],
    ['2018-11-04T01:00', 'America/Sao_Paulo', ['2018-11-04T03:00:00.000Z']],
    ['2018-02-17T23:30', 'America/Sao_Paulo', ['2018-02-18T01:30:00.000Z', '2018-02-18T02:30:00.000Z']],
    // A whole day that never was.
    ['2011-12-30T12:00', 'Pacific/Apia', []],
    ['2011-12-31T00:00', 'Pacific/Apia', ['2011-12-30T10:00:00.000Z']],
    // A change at one minute past midnight, off every quarter of an hour.
    ['2010-03-14T00:30', 'America/St_Johns', []],
    ['2010-03-14T00:00', 'America/St_Johns', ['2010-03-14T03:30:00.000Z']],
  ])('%s in %s is %j', (local, zone, expected) => {
    expect(instants(local, zone)).toEqual(expected);
  });

  it('names the first valid instant after a gap', () => {
    const gapEnd = (local: string, zone: string) => {
      const resolved = resolveLocal(Date.parse(`${local}Z`), zone);
      return resolved.kind === 'gap' ? new Date(resolved.atMs).toISOString() : resolved.kind;
    };
    expect(gapEnd('2026-03-29T02:30', 'Europe/Berlin')).toBe('2026-03-29T01:00:00.000Z');
    expect(gapEnd('2011-12-30T00:00', 'Pacific/Apia')).toBe('2011-12-30T10:00:00.000Z');
    expect(gapEnd('2011-12-30T23:59', 'Pacific/Apia')).toBe('2011-12-30T10:00:00.000Z');
    expect(gapEnd('2010-03-14T00:01', 'America/St_Johns')).toBe('2010-03-14T03:31:00.000Z');
  });

  it('changes the offset at the exact millisecond', () => {
    const changeMs = Date.parse('2026-10-25T01:00:00Z');
    expect(offsetMsAt(changeMs - 1, 'Europe/Berlin')).toBe(2 * HOUR_MS);
    expect(offsetMsAt(changeMs, 'Europe/Berlin')).toBe(HOUR_MS);
  });

  it('knows that a clock set back soon will show earlier times again', () => {
    const beforeMs = Date.parse('2026-10-25T00:50:00Z');
    expect(earliestLocalAfter(beforeMs, 'Europe/Berlin')).toBe(beforeMs + HOUR_MS);
    const dayBeforeMs = Date.parse('2026-06-25T00:50:00Z');
    expect(earliestLocalAfter(dayBeforeMs, 'Europe/Berlin')).toBe(dayBeforeMs + 2 * HOUR_MS);
  });

  it('tells the wall-clock time and the offset of an instant', () => {
    expect(instantToLocal(new Date('2026-11-21T18:20:30.500Z'), 'Asia/Kathmandu')).toEqual({
      local: '2026-11-22T00:05',
      offsetMinutes: 345,
    });
  });

  it('refuses what is not a wall-clock time and a zone that does not exist', () => {
    expect(() => localToInstants('2026-02-30T00:00', 'UTC')).toThrow('"2026-02-30T00:00" is not a wall-clock time');
    expect(() => localToInstants('2026-02-03', 'UTC')).toThrow('write YYYY-MM-DDTHH:mm');
    expect(() => localToInstants('2026-02-03T00:00', 'Mars/Olympus')).toThrow(RangeError);
  });
});
