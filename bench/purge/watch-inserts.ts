/** Inserts one row after the other until it is stopped, and tells how long they took. */
export function watchInserts(insert: () => Promise<unknown>): {
  stop(): Promise<{ worstMs: number; p99Ms: number; count: number }>;
} {
  const tookMs: number[] = [];
  let isOn = true;
  const going = (async () => {
    while (isOn) {
      const startedAt = performance.now();
      await insert();
      tookMs.push(performance.now() - startedAt);
      // One that is busy all the time would take a core from what it watches.
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  })();
  return {
    async stop() {
      isOn = false;
      await going;
      const sorted = tookMs.toSorted((a, b) => a - b);
      const at = (share: number) =>
        sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
      return { worstMs: at(1), p99Ms: at(0.99), count: sorted.length };
    },
  };
}
