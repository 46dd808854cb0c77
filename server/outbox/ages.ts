// Ages of published events as counts by age, so that percentiles of many publishers and minutes can be added up.

/** Two places for each doubling: a percentile is right within a fifth of its value. The last one is some 9 days. */
const PLACES = 60;

/** The place of an age: 0 up to a millisecond, then n for up to 2^(n/2) ms. */
export function placeOfAge(ageMs: number): number {
  return ageMs <= 1 ? 0 : Math.min(PLACES - 1, Math.ceil(2 * Math.log2(ageMs)));
}

/** Adds `count` events of one place to the counts, which grow as far as they must. */
export function addAge(counts: number[], place: number, count = 1): void {
  while (counts.length <= place) counts.push(0);
  counts[place] = (counts[place] ?? 0) + count;
}

/** The age in milliseconds that a share `q` of the events does not exceed; null without events. */
export function agePercentile(counts: readonly number[], q: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let left = Math.ceil(total * q);
  const place = counts.findIndex((count) => {
    left -= count;
    return left <= 0;
  });
  // The middle of the place, by proportion.
  return place === 0 ? 1 : Math.round(2 ** ((place - 0.5) / 2));
}
