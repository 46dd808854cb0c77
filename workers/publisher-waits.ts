// How the loops of a publisher wait: until their time, a wake-up, or the publisher's end.

export type Waits = ReturnType<typeof createWaits>;

/** Waiting that a wake-up ends; one that came while nobody waited ends the next wait at once. Any number may pause. */
export function createWaits() {
  let hasWoken = false;
  let hasEnded = false;
  // Kept by hand: a race with a promise that lives as long as the publisher would remember every wait there was.
  const waiting = new Set<() => void>();
  const pausing = new Set<() => void>();

  async function sleep(among: Set<() => void>, ms: number): Promise<void> {
    if (hasEnded) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    among.add(resolve);
    await promise;
    clearTimeout(timer);
    among.delete(resolve);
  }
  const release = (among: Set<() => void>) => {
    for (const resolve of among) resolve();
  };
  return {
    wake() {
      hasWoken = true;
      release(waiting);
    },
    end() {
      hasEnded = true;
      release(waiting);
      release(pausing);
    },
    async wait(ms: number) {
      if (!hasWoken) await sleep(waiting, ms);
      hasWoken = false;
    },
    /** Not ended by wake-ups: during an outage they are noise. */
    pause: (ms: number) => sleep(pausing, ms),
  };
}
