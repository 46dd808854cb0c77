// The decisions of the outbox, without a database: what a claim takes, what an outcome does to its event, and how
// far a lane is known to be done. The SQL beside it carries them out; explorer.test.ts walks all of their states.
import { backoffMs } from '#server/lib/index.ts';
import { EVENT_RETRY_MAX_SECONDS } from './config.ts';
import type { PublishOutcome } from './publisher.ts';
import { NO_SIGHT, type Sight, sightAfterLook } from './sight.ts';

export type EventStatus = 'pending' | 'processing' | 'published' | 'failed' | 'discarded';

/** What an event may become. processing -> pending: tried again, released, taken over or reaped.
 * pending -> discarded: by an operator, after a failure. */
export const EVENT_MOVES: Record<EventStatus, readonly EventStatus[]> = {
  pending: ['processing', 'discarded'],
  processing: ['published', 'pending', 'failed'],
  published: [],
  failed: ['pending', 'discarded'],
  discarded: [],
};

/** An unfinished row of a lane, as a claim sees it. */
export type HeadRow = {
  seq: number;
  tenantId: string;
  key: string;
  status: 'pending' | 'processing';
  /** Its time to be tried has come. */
  isDue: boolean;
  payloadBytes: number;
};

export type Choice = {
  /** In order. Events of one key may follow each other here: they are sent in this order. */
  chosen: HeadRow[];
  chosenBytes: number;
  /** The first unfinished row that was not taken; null when all that were seen were. */
  firstLeft: number | null;
  isFull: boolean;
  /** Keys with an earlier unfinished row that this claim does not hold. */
  blocked: Set<string>;
};

export const keyOf = (row: { tenantId: string; key: string }) => `${row.tenantId} ${row.key}`;
export const emptyChoice = (): Choice => ({
  ...{ chosen: [], chosenBytes: 0, firstLeft: null, isFull: false, blocked: new Set<string>() },
});

/**
 * Goes on choosing with the next rows of a lane, which come in the order of seq. An event whose key has an earlier
 * unfinished one is chosen only when that one is chosen too. At least one event fits, however large.
 */
export function chooseClaim(
  choice: Choice,
  rows: readonly HeadRow[],
  limits: { maxEvents: number; maxBytes: number },
): void {
  for (const row of rows) {
    if (choice.isFull) {
      choice.firstLeft ??= row.seq;
      return;
    }
    const isFree = row.status === 'pending' && row.isDue && !choice.blocked.has(keyOf(row));
    const fits = choice.chosen.length === 0 || choice.chosenBytes + row.payloadBytes <= limits.maxBytes;
    if (isFree && fits) {
      choice.chosen.push(row);
      choice.chosenBytes += row.payloadBytes;
      choice.isFull = choice.chosen.length >= limits.maxEvents;
      continue;
    }
    choice.firstLeft ??= row.seq;
    if (isFree) choice.isFull = true;
    else choice.blocked.add(keyOf(row));
  }
}

export type Settled = { status: 'published' | 'pending' | 'failed'; attempts: number; delayMs: number };

/** What an outcome makes of an event. Only its own refusals are attempts; what was not sent waits for nothing but its key. */
export function settle(
  attempts: number,
  outcome: PublishOutcome,
  maxAttempts: number,
  random: () => number = Math.random,
): Settled {
  if (outcome.kind === 'published') return { status: 'published', attempts, delayMs: 0 };
  if (outcome.kind === 'held' || outcome.kind === 'unsent') return { status: 'pending', attempts, delayMs: 0 };
  if (outcome.kind === 'deferred') return { status: 'pending', attempts, delayMs: outcome.delayMs };
  const next = attempts + 1;
  if (outcome.isFinal || next >= maxAttempts) return { status: 'failed', attempts: next, delayMs: 0 };
  const backoff = { initialSeconds: 1, factor: 2, maxSeconds: EVENT_RETRY_MAX_SECONDS };
  return { status: 'pending', attempts: next, delayMs: backoffMs(backoff, next, random) };
}

/** Where a lane's cursor goes when a claim is marked: up to the first row that is known to be unfinished. */
export function cursorAfter(
  cursor: number,
  claim: { firstLeft: number | null; marked: readonly { seq: number; status: Settled['status'] }[] },
): number {
  const waiting = claim.marked.find(({ status }) => status === 'pending')?.seq;
  const first = Math.min(waiting ?? Number.POSITIVE_INFINITY, claim.firstLeft ?? Number.POSITIVE_INFINITY);
  return Number.isFinite(first) ? first - 1 : (claim.marked.at(-1)?.seq ?? cursor);
}

/**
 * How far a lane is done. A place in it is taken before its transaction commits, so "all that I see up to S is
 * done" is not "all up to S is done". S was seen; a transaction that begins later gets the number X; every open
 * one that may hold a place below S has a smaller number. When none below X is open any more, what is seen up to S
 * is all there is, and the low-water may go there.
 */
export type Progress = {
  lowWater: number;
  /** All that was seen up to here is done; a claim reads from here, or from where `sight` says. */
  cursor: number;
  sight: Sight;
  /** Where the cursor was after the last sweep. */
  seenDone: number;
  barrier: { seq: number; xid: bigint } | null;
  /** Set when what waits above the cursor is not to be read again by every claim. */
  passed: Passed | null;
};

/** All that was seen up to `upTo` is done, or of a key in `blocked`; of whoever was stopped nothing was looked at. */
export type Passed = {
  upTo: number;
  blocked: Set<string>;
  /** The lane's highest place at the last look. */
  top: number;
  /** Who was stopped then, as text. */
  stops: string;
  startedAtMs: number;
  /** When the end of the lane was reached; null: not yet. */
  endedAtMs: number | null;
};

export const startProgress = (lowWater: number): Progress => ({
  ...{ lowWater, cursor: lowWater, sight: NO_SIGHT, seenDone: lowWater, barrier: null, passed: null },
});

/** Where the low-water may go when nothing unfinished is seen up to there; null: a transaction is open that may still store below. */
export const mayFollowTo = ({ barrier }: Progress, oldestOpen: bigint): number | null =>
  barrier && oldestOpen > barrier.xid ? barrier.seq : null;

/** What was read from the low-water on, to where it may follow: no unfinished row up to `upTo`. `isCut`: no further was read. */
export type Followed = { upTo: number; isCut: boolean };

/**
 * After a sweep: a claim that is done up to `cursor`, and what was read from the low-water on, null where that may not
 * follow yet. `xid` is the sweep's own number.
 */
export function afterSweep(
  progress: Progress,
  sweep: { cursor: number; followed: Followed | null; xid: bigint },
): Progress {
  const { followed } = sweep;
  let { lowWater, barrier } = progress;
  if (barrier && followed) {
    lowWater = Math.max(lowWater, Math.min(barrier.seq, followed.upTo));
    // What was cut goes on with the next sweep.
    if (!followed.isCut) barrier = null;
  }
  // The place was seen by an earlier transaction than the one whose number is taken.
  if (!barrier && progress.seenDone > lowWater) barrier = { seq: progress.seenDone, xid: sweep.xid };
  return { ...progress, lowWater, barrier, cursor: sweep.cursor, seenDone: sweep.cursor };
}

/** The place behind which a lane's next claim looks for what is new: the cursor, or the end of what was passed. */
export const placeBehind = ({ cursor, passed }: Pick<Progress, 'cursor' | 'passed'>): number =>
  Math.max(cursor, passed?.upTo ?? 0);

/** Of a lane's unfinished rows from where its next claim would begin: the first ones, without a lock. */
export type NewsSeen = {
  snapshot: string;
  /** Place of the first; null: there is none. */
  first: number | null;
  /** One of them is pending, and its time has come. */
  isDue: boolean;
  /** There may be more than was looked at. */
  isCut: boolean;
};

/**
 * After a look for news. Null: a claim has something to do, for one of the rows is due, or committed late, or more wait than
 * were looked at. With no row up to the cursor, whatever had ended by the look's snapshot need not be looked for again.
 */
export function afterLook(progress: Progress, { snapshot, first, isDue, isCut }: NewsSeen): Progress | null {
  if (isDue || isCut || (first !== null && first <= placeBehind(progress))) return null;
  // What was passed was seen by the snapshot of the last claim, and the next one goes on from there.
  if (progress.passed) return progress;
  return { ...progress, sight: sightAfterLook(progress.sight, snapshot) };
}
