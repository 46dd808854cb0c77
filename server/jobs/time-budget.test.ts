import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { shareBudget, startBudget } from './time-budget.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a budget of time', () => {
  it('is over when its milliseconds are, and one of none at once', () => {
    const isOver = startBudget(100);
    expect([isOver(), startBudget(0)()]).toEqual([false, true]);
    vi.advanceTimersByTime(99);
    expect(isOver()).toBe(false);
    vi.advanceTimersByTime(1);
    expect(isOver()).toBe(true);
  });

  it('is shared so that the first takes no more than its part, and the followers have what it left', () => {
    const share = shareBudget(900, 3);
    const first = share();
    expect(first.leftMs).toBe(300);
    vi.advanceTimersByTime(300);
    expect(first.isOver()).toBe(true);
    expect(share().leftMs).toBe(300);
    // The second took no time at all.
    expect(share().leftMs).toBe(600);
  });

  it('is nothing for those who come after its end', () => {
    const share = shareBudget(10, 2);
    vi.advanceTimersByTime(50);
    expect([share().leftMs, share().leftMs]).toEqual([0, 0]);
    expect(share().isOver()).toBe(true);
  });
});
