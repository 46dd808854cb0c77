import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Schedule } from '#server/ir/index.ts';
import { nextFires } from '#server/schedules/index.ts';
import { createInstantCounter, type Rule } from './count-instants.ts';

const dst = { gap: 'shift', fold: 'auto' } as const;
const ruleOf = (schedule: Schedule): NonNullable<Rule> => ({ schedule, dst });
const officeHours = ruleOf({ kind: 'cron', expression: '0,20 9-11 * * 1-5', timezone: 'Europe/Berlin' });
const start = Date.parse('2026-03-27T08:00:00Z');
/** The first `count` instants of a rule from the start on. */
const instantsOf = ({ schedule }: NonNullable<Rule>, count: number) =>
  nextFires(schedule, { after: new Date(start - 1), count, dst }).map(({ at }) => at.getTime());
const stretchOf = (instants: number[]) => ({
  firstMs: instants[0]!,
  lastMs: instants.at(-1)!,
  count: instants.length,
});
const anyRule = fc.constantFrom(
  officeHours,
  ruleOf({ kind: 'interval', minutes: 7, phaseMinutes: 2 }),
  ruleOf({ kind: 'cron', expression: '30 2,14 * * *', timezone: 'America/New_York' }),
  ruleOf({ kind: 'rrule', rrule: 'DTSTART:20260101T013000\nRRULE:FREQ=HOURLY;INTERVAL=3', timezone: 'UTC' }),
);

describe('the instants of a stretch before a moment', () => {
  it('are those of its rule, however uneven it is', () => {
    fc.assert(
      fc.property(
        anyRule,
        fc.integer({ min: 1, max: 40 }),
        fc.double({ min: -0.1, max: 1.1, noNaN: true }),
        (rule, count, share) => {
          const instants = instantsOf(rule, count);
          const { firstMs, lastMs } = stretchOf(instants);
          const at = firstMs + Math.round(share * Math.max(lastMs - firstMs, 60_000));
          const before = instants.filter((one) => one < at).length;
          expect(createInstantCounter().before(stretchOf(instants), rule, at)).toBe(before);
          expect(createInstantCounter().due(rule, firstMs, at)).toBe(
            nextFires(rule.schedule, {
              ...{ after: new Date(firstMs - 1), until: new Date(at - 1), count: 10_000, dst },
            }).length,
          );
        },
      ),
    );
  });

  it('grow with the moment up to all of them where the rule is gone, is another one by now, or has too many', () => {
    const instants = instantsOf(officeHours, 12);
    const stretch = stretchOf(instants);
    const others: [Rule, number][] = [
      [null, 100],
      [officeHours, 3],
      [ruleOf({ kind: 'cron', expression: '* * * * *', timezone: 'UTC' }), 10_000],
      [ruleOf({ kind: 'cron', expression: 'nonsense', timezone: 'UTC' }), 100],
    ];
    for (const [rule, mostWalked] of others) {
      const counter = createInstantCounter(mostWalked);
      const counts = instants.map((at) => counter.before(stretch, rule, at));
      expect(counts).toEqual(counts.toSorted((a, b) => a - b));
      expect(counts[0]).toBe(0);
      expect(counter.before(stretch, rule, stretch.lastMs + 1)).toBe(12);
      for (const within of counts.slice(1)) {
        expect(within).toBeGreaterThan(0);
        expect(within).toBeLessThan(12);
      }
    }
  });

  it('that are due are estimated where they are too many to walk', () => {
    const minutely = ruleOf({ kind: 'cron', expression: '* * * * *', timezone: 'UTC' });
    expect(createInstantCounter(50).due(minutely, start, start + 600 * 60_000)).toBe(600);
  });
});
