import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Decision, decide, isOver, type RuleState } from './decide.ts';

const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute));
const OK: RuleState = { state: 'ok', stateSince: at(0), isTold: false, toldAt: null };
const GAUGE = { windowMinutes: 5, cooldownMinutes: 60, isWindowed: false };
const COUNT = { ...GAUGE, isWindowed: true };

/** Evaluates once a minute; `over` says for which minutes the value is over. Returns what was recorded, by minute. */
function play(minuteCount: number, over: (minute: number) => boolean, limits = GAUGE) {
  let rule: RuleState = OK;
  const seen: [minute: number, kind: string, isTold: boolean][] = [];
  for (let minute = 0; minute < minuteCount; minute += 1) {
    const { event, ...next }: Decision = decide(rule, limits, over(minute), at(minute));
    if (event) seen.push([minute, event.kind, event.isTold]);
    rule = next;
  }
  return seen;
}

describe('an alert rule', () => {
  it('fires once a gauge has been over for the whole window, and is resolved when it is not any more', () => {
    expect(play(30, (minute) => minute >= 3 && minute < 20)).toEqual([
      [8, 'firing', true],
      [20, 'resolved', true],
    ]);
  });

  it('does not fire for a gauge that dips below in between', () => {
    expect(play(60, (minute) => minute % 5 !== 4)).toEqual([]);
  });

  it('fires at once for a metric that counts over the window by itself', () => {
    expect(play(5, (minute) => minute >= 2, COUNT)).toEqual([[2, 'firing', true]]);
  });

  it('tells nobody of a second firing within the cool-down, nor of its end', () => {
    expect(play(40, (minute) => minute < 5 || (minute >= 10 && minute < 15), COUNT)).toEqual([
      [0, 'firing', true],
      [5, 'resolved', true],
      [10, 'firing', false],
      [15, 'resolved', false],
    ]);
  });

  it('tells of a firing that outlasts the cool-down it began in', () => {
    expect(play(80, (minute) => minute < 5 || minute >= 10, COUNT)).toEqual([
      [0, 'firing', true],
      [5, 'resolved', true],
      [10, 'firing', false],
      [60, 'firing', true],
    ]);
  });

  it('never tells twice within a cool-down, and never tells of an end without its beginning', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 1, maxLength: 300 }),
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 1, max: 10 }),
        fc.boolean(),
        (values, cooldownMinutes, windowMinutes, isWindowed) => {
          const limits = { cooldownMinutes, windowMinutes, isWindowed };
          const told = play(values.length, (minute) => values[minute] ?? false, limits).filter(
            ([, , isTold]) => isTold,
          );
          const firings = told.filter(([, kind]) => kind === 'firing').map(([minute]) => minute);
          for (const [index, minute] of firings.entries())
            if (index > 0) expect(minute - (firings[index - 1] ?? 0)).toBeGreaterThanOrEqual(cooldownMinutes);
          for (const [index, [, kind]] of told.entries()) expect(kind).toBe(index % 2 === 0 ? 'firing' : 'resolved');
        },
      ),
      { seed: 20_261_121, numRuns: 500 },
    );
  });
});

it('compares in the four ways', () => {
  expect([isOver(2, '>', 2), isOver(2, '>=', 2), isOver(2, '<', 2), isOver(2, '<=', 2)]).toEqual([
    false,
    true,
    false,
    true,
  ]);
});
