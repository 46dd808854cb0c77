// Token buckets by key, in memory. Pure but for the clock, which is an argument.

type Bucket = { tokens: number; atMs: number };
export type Rate = { perSecond: number; burst: number };

/** What adding up parts of a token may lose. */
const EPSILON = 1e-6;

export type Buckets = {
  /** Takes `cost` tokens and returns 0, or takes none and returns how many milliseconds until they are there. */
  take(key: string, rate: Rate, cost?: number): number;
  size(): number;
};

export function createBuckets(options: { maxKeys: number; nowMs: () => number }): Buckets {
  const buckets = new Map<string, Bucket>();

  /** What is as good as new need not be kept; when nothing is, the oldest half goes rather than the memory. */
  function makeRoom(rate: Rate, nowMs: number): void {
    for (const [key, bucket] of buckets) if (refilled(bucket, rate, nowMs) >= rate.burst) buckets.delete(key);
    if (buckets.size < options.maxKeys) return;
    const oldest = [...buckets].sort(([, a], [, b]) => a.atMs - b.atMs).slice(0, Math.ceil(options.maxKeys / 2));
    for (const [key] of oldest) buckets.delete(key);
  }

  return {
    take(key, rate, cost = 1) {
      const nowMs = options.nowMs();
      const known = buckets.get(key);
      if (!known && buckets.size >= options.maxKeys) makeRoom(rate, nowMs);
      const tokens = known ? refilled(known, rate, nowMs) : rate.burst;
      // More than a whole bucket is let through when the bucket is full, or it would never be.
      const needed = Math.min(cost, rate.burst);
      const isGiven = tokens + EPSILON >= needed;
      buckets.set(key, { tokens: isGiven ? tokens - cost : tokens, atMs: nowMs });
      return isGiven ? 0 : Math.max(1, Math.ceil(((needed - tokens - EPSILON) / rate.perSecond) * 1_000));
    },
    size: () => buckets.size,
  };
}

/** A clock that steps back gives nothing and takes nothing. */
const refilled = ({ tokens, atMs }: Bucket, { perSecond, burst }: Rate, nowMs: number) =>
  Math.min(burst, tokens + (Math.max(0, nowMs - atMs) / 1_000) * perSecond);
