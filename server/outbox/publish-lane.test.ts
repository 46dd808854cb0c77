import { expect, it } from 'vitest';
import { QUICK_SEND_MS } from './config.ts';
import { nextBatchSize } from './publish-lane.ts';

const limits = { batchSize: 500, maxBatchSize: 2_000 };

it.each([
  ['doubles while a full claim is sent quickly', 500, { count: 500, sendMs: 3 }, 1_000],
  ['doubles up to what is allowed', 1_500, { count: 1_500, sendMs: 3 }, 2_000],
  ['stays there', 2_000, { count: 2_000, sendMs: 3 }, 2_000],
  [
    'does not double when twice as many would not be quick',
    1_000,
    { count: 1_000, sendMs: QUICK_SEND_MS / 2 + 1 },
    1_000,
  ],
  ['does not double after a claim that was not full', 1_000, { count: 999, sendMs: 3 }, 1_000],
  ['begins anew when a send was slow', 2_000, { count: 2_000, sendMs: QUICK_SEND_MS + 1 }, 500],
  ['and when a few events were slow', 2_000, { count: 1, sendMs: QUICK_SEND_MS + 1 }, 500],
] as const)('a claim %s', (_, size, sent, expected) => {
  expect(nextBatchSize(size, sent, limits)).toBe(expected);
});

it('never grows where no more is allowed', () => {
  expect(nextBatchSize(500, { count: 500, sendMs: 0 }, { batchSize: 500 })).toBe(500);
});
