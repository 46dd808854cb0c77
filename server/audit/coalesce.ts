// Which of many equal refusals are written: the first of a minute at once, the others as one count at its end.
// However an attacker varies what it tries, a minute costs a tenant's log at most 2 × MAX_KEYS + 2 rows a process.

export const WINDOW_MS = 60_000;
/** Different (actor, action) pairs of one tenant that a minute tells apart; the rest is counted together. */
export const MAX_KEYS = 40;
/** Tenants are few, but their ids come from tokens: no more than this many logs are kept apart either. */
const MAX_LOGS = 5_000;

/** What is coalesced: a refusal of a tenant's log. `others` makes the entry that stands for those not told apart. */
export type Coalescer<T> = {
  /** The entry to write now, or null when it is only counted. */
  take(log: string, key: string, entry: T, nowMs: number): T | null;
  /** What was counted in windows that are over (all of it with `isLast`), each with how often. */
  drain(nowMs: number, isLast?: boolean): { entry: T; count: number }[];
};

type Seen<T> = { entry: T; uncounted: number };

export function createCoalescer<T>(others: (log: string, first: T) => T): Coalescer<T> {
  let windowAt = 0;
  let logs = new Map<string, Map<string, Seen<T>>>();
  let over: { entry: T; count: number }[] = [];

  function roll(nowMs: number, isLast: boolean): void {
    const current = Math.floor(nowMs / WINDOW_MS);
    if (current === windowAt && !isLast) return;
    for (const keys of logs.values())
      for (const { entry, uncounted } of keys.values()) if (uncounted > 0) over.push({ entry, count: uncounted });
    logs = new Map();
    windowAt = current;
  }

  return {
    take(log, key, entry, nowMs) {
      roll(nowMs, false);
      const place = logs.has(log) || logs.size < MAX_LOGS ? log : '';
      const keys = logs.get(place) ?? new Map<string, Seen<T>>();
      logs.set(place, keys);
      const seen = keys.get(key) ?? (keys.size >= MAX_KEYS ? keys.get('') : undefined);
      if (seen) {
        seen.uncounted += 1;
        return null;
      }
      const isOther = keys.size >= MAX_KEYS;
      const first = isOther ? others(log, entry) : entry;
      keys.set(isOther ? '' : key, { entry: first, uncounted: 0 });
      return first;
    },
    drain(nowMs, isLast = false) {
      roll(nowMs, isLast);
      const drained = over;
      over = [];
      return drained;
    },
  };
}
