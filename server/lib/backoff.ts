export type Backoff = { initialSeconds: number; factor: number; maxSeconds: number };

/**
 * Delay before attempt `attempt + 1`, in milliseconds: min(max, initial × factor^(attempt−1)), of which the
 * upper half is random so that many failures do not return together ("equal jitter").
 */
export function backoffMs(backoff: Backoff, attempt: number, random: () => number = Math.random): number {
  const seconds = Math.min(backoff.maxSeconds, backoff.initialSeconds * backoff.factor ** Math.max(0, attempt - 1));
  return Math.round(seconds * 1_000 * (0.5 + random() / 2));
}
