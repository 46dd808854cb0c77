import { describe, expect, it } from 'vitest';
import { lastInstant, nextInstant, requireRule, trailingPeriod } from './period.ts';

const berlin = (cron: string) => ({ cron, timezone: 'Europe/Berlin' });
const iso = (date: Date | null) => date?.toISOString() ?? null;

describe('the stretch of a report', () => {
  it.each([
    ['the day the clock is set forward has 23 hours', '0 0 * * *', '2026-03-29T22:00:30Z', '2026-03-28T23:00:00.000Z'],
    ['the day the clock is set back has 25 hours', '0 0 * * *', '2026-10-25T23:00:30Z', '2026-10-24T22:00:00.000Z'],
  ])('%s', (_says, cron, at, dayBefore) => {
    const last = lastInstant(berlin(cron), new Date(at));
    expect(iso(lastInstant(berlin(cron), new Date(last.getTime() - 1)))).toBe(dayBefore);
    const hours = (last.getTime() - Date.parse(dayBefore)) / 3_600_000;
    expect(hours).toBe(at.includes('-03-') ? 23 : 25);
  });

  it('begins after the gap where its time does not exist that day', () => {
    expect(iso(nextInstant(berlin('30 2 * * *'), new Date('2026-03-28T12:00:00Z')))).toBe('2026-03-29T01:00:00.000Z');
  });

  it('takes the first of the two instants of a time that comes twice, once', () => {
    const first = nextInstant(berlin('30 2 * * *'), new Date('2026-10-24T12:00:00Z'))!;
    expect(iso(first)).toBe('2026-10-25T00:30:00.000Z');
    expect(iso(nextInstant(berlin('30 2 * * *'), first))).toBe('2026-10-26T01:30:00.000Z');
  });

  it('is, for somebody who asks now, as long as from one instant to the next', () => {
    const at = new Date('2026-11-18T10:00:00Z');
    expect(trailingPeriod(berlin('0 8 * * *'), at)).toEqual({ from: new Date('2026-11-17T10:00:00Z'), to: at });
  });

  it('is refused for a rule that cannot be read, never fires, or a zone that there is none of', () => {
    const now = new Date('2026-11-18T10:00:00Z');
    for (const rule of [berlin('61 * * * *'), berlin('0 0 31 2 *'), { cron: '0 8 * * *', timezone: 'Europe/Atlantis' }])
      expect(() => requireRule(rule, now), JSON.stringify(rule)).toThrow(/^cron: /);
  });
});
