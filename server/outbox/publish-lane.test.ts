import { expect, it } from 'vitest';
import { MAX_GROWN_CHARS, maxBatchSizeOf, QUICK_PART_OF_LEASE, QUICK_SEND_MS } from './config.ts';
import { nextBatchSize } from './publish-lane.ts';

const limits = { batchSize: 500, maxBatchSize: 2_000, leaseMs: 10_000 };
const quick = { chars: 10_000, sendMs: 3, tookMs: 10 };
const slowMs = limits.leaseMs * QUICK_PART_OF_LEASE;

it.each([
  ['doubles while a full one is quick', 500, { ...quick, count: 500 }, 1_000],
  ['doubles up to what is allowed', 1_500, { ...quick, count: 1_500 }, 2_000],
  ['stays there', 2_000, { ...quick, count: 2_000 }, 2_000],
  [
    'stays when twice as many would be slow to send',
    1_000,
    { ...quick, count: 1_000, sendMs: QUICK_SEND_MS / 2 + 1 },
    1_000,
  ],
  [
    'stays when twice as many would be slow to be had',
    1_000,
    { ...quick, count: 1_000, tookMs: slowMs / 2 + 1 },
    1_000,
  ],
  ['stays when twice as many would be too long', 500, { ...quick, count: 500, chars: MAX_GROWN_CHARS / 2 + 1 }, 500],
  ['stays after one that was not full', 1_000, { ...quick, count: 999 }, 1_000],
  ['begins anew when it was slow to send', 2_000, { ...quick, count: 2_000, sendMs: QUICK_SEND_MS + 1 }, 500],
  ['begins anew when it was slow to be had', 2_000, { ...quick, count: 2_000, tookMs: slowMs + 1 }, 500],
  ['begins anew when a few events were slow', 2_000, { ...quick, count: 1, sendMs: QUICK_SEND_MS + 1 }, 500],
] as const)('a claim %s', (_, size, sent, expected) => {
  expect(nextBatchSize(size, sent, limits)).toBe(expected);
});

it('never grows where no more is allowed', () => {
  expect(nextBatchSize(500, { ...quick, count: 500 }, { batchSize: 500, leaseMs: 10_000 })).toBe(500);
});

it.each([
  [1, 4],
  [500, 2_000],
  [1_000, 2_000],
  [5_000, 5_000],
])('claims of %i may grow to %i', (batchSize, expected) => {
  expect(maxBatchSizeOf(batchSize)).toBe(expected);
});
