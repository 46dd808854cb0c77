import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBuckets } from './token-bucket.ts';

const rate = { perSecond: 10, burst: 20 };
const open = (maxKeys = 100) => {
  let nowMs = 0;
  const buckets = createBuckets({ maxKeys, nowMs: () => nowMs });
  return { buckets, wait: (ms: number) => (nowMs += ms) };
};

describe('a bucket', () => {
  it('gives its burst at once, then says how long to wait, and that is long enough', () => {
    const { buckets, wait } = open();
    for (let turn = 0; turn < 20; turn += 1) expect(buckets.take('a', rate)).toBe(0);
    expect(buckets.take('a', rate)).toBe(100);
    wait(99);
    expect(buckets.take('a', rate)).toBe(1);
    wait(1);
    expect(buckets.take('a', rate)).toBe(0);
    expect(buckets.take('a', rate)).toBe(100);
  });

  it('is nobody else’s', () => {
    const { buckets } = open();
    for (let turn = 0; turn < 20; turn += 1) buckets.take('a', rate);
    expect(buckets.take('b', rate)).toBe(0);
  });

  it('takes nothing for what it refuses', () => {
    const { buckets, wait } = open();
    buckets.take('a', rate, 20);
    for (let turn = 0; turn < 100; turn += 1) buckets.take('a', rate);
    wait(100);
    expect(buckets.take('a', rate)).toBe(0);
  });

  it('lets through what costs more than it holds when it is full, and is paid for afterwards', () => {
    const { buckets, wait } = open();
    expect(buckets.take('a', rate, 40)).toBe(0);
    expect(buckets.take('a', rate)).toBe(2_100);
    wait(2_100);
    expect(buckets.take('a', rate)).toBe(0);
  });

  it('never gives more than its burst and its rate, whatever is asked when', () => {
    const step = fc.record({ waitMs: fc.integer({ min: -50, max: 500 }), cost: fc.integer({ min: 1, max: 5 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { buckets, wait } = open();
        let [given, passedMs] = [0, 0];
        for (const { waitMs, cost } of steps) {
          wait(waitMs);
          passedMs += Math.max(0, waitMs);
          if (buckets.take('a', rate, cost) === 0) given += cost;
          expect(given).toBeLessThanOrEqual(rate.burst + (passedMs / 1_000) * rate.perSecond + 1e-3);
        }
      }),
    );
  });

  it('of a made-up key costs no memory for ever', () => {
    const { buckets, wait } = open(100);
    for (let key = 0; key < 10_000; key += 1) {
      buckets.take(`k${key}`, rate, 15);
      wait(1);
    }
    expect(buckets.size()).toBeLessThanOrEqual(100);
  });
});
