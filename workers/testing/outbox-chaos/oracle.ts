// What a consumer can say about a run, from the outside: ids that were stored against records that arrived.
import type { ReadRecord } from '../kafka/index.ts';

/** In the order in which they were stored, one after the other. */
export type StoredEvent = { id: string; key: string };
export type Findings = {
  stored: number;
  delivered: number;
  /** Stored and not delivered. */
  lost: number;
  /** Delivered and never stored. */
  strangers: number;
  /** Copies beyond the first. */
  duplicates: number;
  /** Copies of one id that differ in anything. */
  differing: number;
  /** First occurrences of a key that come before one that was stored earlier. */
  inversions: number;
};

/** Compares by id; a key's records are in one partition, in the order of their offsets. */
export function judge(stored: readonly StoredEvent[], records: readonly ReadRecord[]): Findings {
  const place = new Map(stored.map(({ id }, index) => [id, index]));
  const firsts = new Map<string, string>();
  const lastOfKey = new Map<string, number>();
  const findings: Findings = {
    ...{ stored: stored.length, delivered: 0, lost: 0, strangers: 0, duplicates: 0, differing: 0, inversions: 0 },
  };
  const inOrder = [...records].sort((a, b) => a.partition - b.partition || (a.offset < b.offset ? -1 : 1));
  for (const { key, value, headers, partition } of inOrder) {
    const id = headers['mainspring-event-id'] ?? '';
    const index = place.get(id);
    const copy = JSON.stringify([key, value, headers, partition]);
    const first = firsts.get(id);
    if (first !== undefined) {
      findings.duplicates += 1;
      if (first !== copy) findings.differing += 1;
      continue;
    }
    firsts.set(id, copy);
    if (index === undefined) {
      findings.strangers += 1;
      continue;
    }
    if (index < (lastOfKey.get(key) ?? -1)) findings.inversions += 1;
    lastOfKey.set(key, Math.max(index, lastOfKey.get(key) ?? -1));
  }
  findings.delivered = firsts.size - findings.strangers;
  findings.lost = stored.length - findings.delivered;
  return findings;
}
