import { describe, expect, it } from 'vitest';
import { createWaits } from './publisher-waits.ts';

const settled = () => new Promise((resolve) => setImmediate(resolve));

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
