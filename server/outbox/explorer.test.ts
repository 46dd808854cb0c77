// Every state that two publishers, three events, the reaper and a crash at any moment can reach, with events whose
// transactions overlap and commit in any order.
import { describe, expect, it } from 'vitest';
import { explore } from './testing/explore.ts';
import { start } from './testing/lane-model.ts';

// All faults at once are millions of states; two kinds at a time are all that two publishers can trip over.
const FAULTS = [
  { crash: 1, expiry: 1, reap: 0, refusal: 0 },
  { crash: 1, expiry: 0, reap: 1, refusal: 0 },
  { crash: 1, expiry: 0, reap: 0, refusal: 1 },
  { crash: 0, expiry: 1, reap: 1, refusal: 0 },
  { crash: 0, expiry: 1, reap: 0, refusal: 1 },
];
/** Of the first two events' transactions: in the order of their places, or not. */
const NUMBERS = [
  [2, 3],
  [3, 2],
];

describe('two publishers, three events that commit in any order, a crash anywhere', () => {
  it.each(FAULTS.flatMap((faults) => NUMBERS.map((xids) => ({ faults, xids }))))(
    'lose no event, keep each key in order and pass nothing unfinished with %j',
    ({ faults, xids }) => {
      const { states, violations, unfinished } = explore(start(faults, xids));
      expect(violations).toEqual([]);
      expect(unfinished).toBe(0);
      expect(states).toBeGreaterThan(10_000);
    },
  );
});
