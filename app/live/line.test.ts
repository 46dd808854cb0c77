import { describe, expect, it } from 'vitest';
import { retryDelayMs } from './line.ts';

describe('the wait before the live line is tried again', () => {
  it('doubles from half a second or a second, up to half a minute', () => {
    expect([1, 2, 3, 4, 5, 6, 50].map((failures) => retryDelayMs(failures, 0.999_999))).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000,
    ]);
  });
  it('is spread over its second half, so that a crowd does not come back as one', () => {
    for (const failures of [1, 3, 9]) {
      const longest = retryDelayMs(failures, 1);
      expect(retryDelayMs(failures, 0)).toBe(longest / 2);
      expect(retryDelayMs(failures, 0.5)).toBe((longest * 3) / 4);
    }
  });
});
