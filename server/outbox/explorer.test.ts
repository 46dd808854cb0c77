// Every state that two publishers, three events, the reaper and a crash at any moment can reach, with events whose
// transactions overlap and commit in any order.
import { describe, expect, it } from 'vitest';
import { explore } from './testing/explore.ts';
import { LIMITS, start } from './testing/lane-model.ts';

// All faults at once are millions of states; two kinds at a time are all that two publishers can trip over. The numbers of
// the first two events' transactions are in the order of their places, or not; what a publisher makes of that ends with
// its hold of the lane, so that with a lease that runs out one order is enough.
const CASES = [
  { faults: { crash: 1, expiry: 0, reap: 1, refusal: 0 }, xids: [2, 3] },
  { faults: { crash: 1, expiry: 0, reap: 1, refusal: 0 }, xids: [3, 2] },
  { faults: { crash: 1, expiry: 0, reap: 0, refusal: 1 }, xids: [2, 3] },
  { faults: { crash: 1, expiry: 0, reap: 0, refusal: 1 }, xids: [3, 2] },
  { faults: { crash: 1, expiry: 1, reap: 0, refusal: 0 }, xids: [2, 3] },
  { faults: { crash: 0, expiry: 1, reap: 1, refusal: 0 }, xids: [3, 2] },
  { faults: { crash: 0, expiry: 1, reap: 0, refusal: 1 }, xids: [2, 3] },
  { faults: { crash: 0, expiry: 0, reap: 1, refusal: 1 }, xids: [2, 3] },
].map((one) => ({ ...one, faults: { ...one.faults, undo: 0 }, limits: 'wide' as const }));
// Every claim takes one event and goes past one that is held, and a look for news reads one row.
const NARROW_CASES = [
  { faults: { crash: 1, expiry: 0, reap: 0, refusal: 1 }, xids: [2, 3] },
  { faults: { crash: 0, expiry: 0, reap: 1, refusal: 1 }, xids: [2, 3] },
  { faults: { crash: 0, expiry: 1, reap: 1, refusal: 0 }, xids: [3, 2] },
].map((one) => ({ ...one, faults: { ...one.faults, undo: 0 }, limits: 'narrow' as const }));
// What a claim leaves is passed at once, and it ends wherever it is; or it goes over one place, as every statement of a sweep does.
const DEAR_CASES = [
  { faults: { crash: 1, expiry: 0, reap: 0, refusal: 1 }, xids: [2, 3], limits: 'dear' as const },
  { faults: { crash: 0, expiry: 0, reap: 1, refusal: 1 }, xids: [3, 2], limits: 'dear' as const },
  { faults: { crash: 1, expiry: 0, reap: 0, refusal: 1 }, xids: [3, 2], limits: 'short' as const },
  { faults: { crash: 0, expiry: 0, reap: 1, refusal: 1 }, xids: [2, 3], limits: 'short' as const },
  { faults: { crash: 0, expiry: 1, reap: 1, refusal: 0 }, xids: [2, 3], limits: 'short' as const },
].map((one) => ({ ...one, faults: { ...one.faults, undo: 0 } }));
// The database server crashes, once: claims, marks and the low-water since its last write are undone, and no hold is good any more.
const UNDONE_CASES = [
  { faults: { crash: 0, expiry: 0, reap: 0, refusal: 0, undo: 1 }, xids: [2, 3], limits: 'wide' as const },
  { faults: { crash: 0, expiry: 1, reap: 0, refusal: 0, undo: 1 }, xids: [3, 2], limits: 'wide' as const },
  { faults: { crash: 1, expiry: 0, reap: 0, refusal: 0, undo: 1 }, xids: [2, 3], limits: 'wide' as const },
  { faults: { crash: 0, expiry: 0, reap: 1, refusal: 0, undo: 1 }, xids: [2, 3], limits: 'wide' as const },
  { faults: { crash: 0, expiry: 0, reap: 0, refusal: 1, undo: 1 }, xids: [2, 3], limits: 'narrow' as const },
];
/** Twenty seconds of one processor at most; a busy machine takes its time. */
const TIMEOUT_MS = 300_000;

describe('two publishers, three events that commit in any order, a crash anywhere', () => {
  it.each([...CASES, ...NARROW_CASES, ...DEAR_CASES, ...UNDONE_CASES])(
    'lose no event, keep each key in order and pass nothing unfinished with %j',
    ({ faults, xids, limits }) => {
      const { states, violations, unfinished } = explore(start(faults, xids, LIMITS[limits]));
      expect(violations).toEqual([]);
      expect(unfinished).toBe(0);
      expect(states).toBeGreaterThan(10_000);
    },
    TIMEOUT_MS,
  );
});
