// How a claim gets past more held events than it may look at: where it ended, the next one goes on, and knows the keys
// that wait. Without a database; claim.ts carries it out.
import { CLAIM_MAX_BLOCKED_KEYS, PASS_REST_FACTOR } from './config.ts';
import type { Head } from './head.ts';
import { keyOf, type Passed, type Settled } from './states.ts';

/**
 * A lane is read again from its head when the last pass is over for so long that reading costs a fifth at most. Not where
 * none but those of stopped tenants were left: when one is resumed nothing is passed any more.
 */
export const isRested = ({ blocked, startedAtMs, endedAtMs }: Passed, nowMs: number): boolean =>
  blocked.size > 0 && endedAtMs !== null && nowMs - endedAtMs >= PASS_REST_FACTOR * (endedAtMs - startedAtMs);

/**
 * After a claim from the head (`before` null) or from where another ended, which began to read at `beganMs` and is done at
 * `nowMs`. Null: the next one begins at the head.
 */
export function passOn(
  before: Passed | null,
  head: Omit<Head, 'snapshot' | 'lower'>,
  { beganMs, nowMs }: { beganMs: number; nowMs: number },
): Passed | null {
  const { choice, top, stops, seenUpTo, isHeld, isDear, end } = head;
  if (end === 'changed' || choice.blocked.size > CLAIM_MAX_BLOCKED_KEYS) return null;
  const isWorthIt = (end === 'limit' || isDear) && (choice.blocked.size > 0 || isHeld);
  if (!before && !isWorthIt) return null;
  const passed = { blocked: choice.blocked, top, stops, startedAtMs: before?.startedAtMs ?? beganMs };
  // A claim that is full has come to what is free: the pass over what is held has done what it is for.
  const endedAtMs = before?.endedAtMs ?? (end === 'limit' ? null : nowMs);
  // What came late may have led the claim back: between its end and the old one it saw nothing new.
  if (end !== 'lane') return { ...passed, upTo: seenUpTo ?? before?.upTo ?? 0, endedAtMs };
  return { ...passed, upTo: Math.max(before?.upTo ?? 0, seenUpTo ?? 0), endedAtMs };
}

type Marked = { tenantId: string; key: string; seq: number; settled: Pick<Settled, 'status' | 'delayMs'> };

/** Of a claim's events those that wait block their keys; from the first that may be sent at once the next claim goes on. */
export function passedAfter(passed: Passed, marked: readonly Marked[]): Passed {
  const waiting = marked.filter(({ settled }) => settled.status === 'pending');
  for (const one of waiting) if (one.settled.delayMs > 0) passed.blocked.add(keyOf(one));
  const again = waiting.find((one) => !passed.blocked.has(keyOf(one)));
  return again ? { ...passed, upTo: Math.min(passed.upTo, again.seq - 1) } : passed;
}
