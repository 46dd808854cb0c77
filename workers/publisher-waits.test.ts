import { describe, expect, it } from 'vitest';
import { createRound, createWaits } from './publisher-waits.ts';

const settled = () => new Promise((resolve) => setImmediate(resolve));
const soon = () => performance.now() + 60_000;

describe('a wait', () => {
  it('ends at once after a wake-up that nobody waited for, and once only', async () => {
    const waits = createWaits();
    waits.wake();
    await waits.wait(60_000);
    let isOver = false;
    const second = waits.wait(60_000).then(() => {
      isOver = true;
    });
    await settled();
    expect(isOver).toBe(false);
    waits.wake();
    await second;
  });

  it('is not ended by wake-ups when it is a pause, and ends with the publisher', async () => {
    const waits = createWaits();
    let isOver = false;
    const pause = waits.pause(60_000).then(() => {
      isOver = true;
    });
    waits.wake();
    await settled();
    expect(isOver).toBe(false);
    waits.end();
    await pause;
    await waits.pause(60_000);
  });
});

describe('a round', () => {
  it('is over when no lane has anything left', async () => {
    const waits = createWaits();
    const round = createRound(2, soon(), waits);
    const first = round.hasNews(waits.wakes());
    await settled();
    expect(round.goesOn()).toBe(true);
    await expect(round.hasNews(waits.wakes())).resolves.toBe(false);
    await expect(first).resolves.toBe(false);
    expect(round.goesOn()).toBe(false);
  });

  it('lets a lane look again after a wake-up while another is at work, also one that came during its look', async () => {
    const waits = createWaits();
    const round = createRound(2, soon(), waits);
    const before = waits.wakes();
    const first = round.hasNews(before);
    waits.wake();
    await expect(first).resolves.toBe(true);
    await expect(round.hasNews(before)).resolves.toBe(true);
    // Both lanes are counted as before.
    round.leave();
    expect(round.goesOn()).toBe(true);
    await expect(round.hasNews(waits.wakes())).resolves.toBe(false);
  });

  it('lets nobody wait for a lane that has left, failed or has no more time', async () => {
    for (const end of ['leave', 'end'] as const) {
      const waits = createWaits();
      const round = createRound(2, soon(), waits);
      const waiting = round.hasNews(waits.wakes());
      round[end]();
      await expect(waiting).resolves.toBe(false);
    }
    const waits = createWaits();
    const late = createRound(2, performance.now() - 1, waits);
    expect(late.goesOn()).toBe(false);
    const waiting = late.hasNews(waits.wakes());
    waits.wake();
    await expect(waiting).resolves.toBe(false);
  });
});
