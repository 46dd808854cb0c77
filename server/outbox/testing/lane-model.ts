// The outbox in the small: one lane, two publishers, three events, the reaper and a crash at any moment, with the
// decisions that production takes (states.ts, sight.ts, passed.ts). What the SQL does around them is written down here, for
// claims and looks in claim-model.ts; lane-steps.ts has all that may happen next.
import { passedAfter } from '../passed.ts';
import { cursorAfter, type EventStatus, type Progress, settle, startProgress } from '../states.ts';

type Row = {
  key: string;
  status: 'none' | 'uncommitted' | EventStatus;
  token: number | null;
  attempts: number;
  /** Not for a while after a refusal. */
  isDue: boolean;
  xid: number;
};
type Publisher = {
  /** Fenced: the database crashed since, and no claim of this hold passes any more. */
  hold: { token: number; progress: Progress; isFenced: boolean } | null;
  /** Indexes of the events claimed and how many of them are sent. */
  claim: { rows: number[]; sent: number; firstLeft: number | null } | null;
};
export type State = {
  rows: Row[];
  lane: { owner: number | null; token: number; isExpired: boolean; lowWater: number };
  /** What is on the disk, where that is less than what was committed. */
  onDisk: { rows: Row[]; lowWater: number } | null;
  publishers: [Publisher, Publisher];
  /** First occurrences, in the order in which consumers saw them. */
  seen: number[];
  nextXid: number;
  lastEnded: number;
  /** `crash` is a publisher's, `undo` the database server's. */
  faults: { crash: number; expiry: number; reap: number; refusal: number; undo: number };
  limits: Limits;
};
/**
 * Events of a claim, rows that one looks at when it must choose, rows that a look for news reads, places that one goes over,
 * and whether every one is dear that leaves something.
 */
type Limits = { events: number; scan: number; news: number; walk: number; isDear: boolean };
/** More than there is; so little that every claim ends in the middle; or so few places that every one does. */
export const LIMITS = {
  wide: { events: 2, scan: 4, news: 4, walk: 4, isDear: false },
  narrow: { events: 1, scan: 1, news: 1, walk: 4, isDear: false },
  dear: { events: 2, scan: 4, news: 4, walk: 4, isDear: true },
  short: { events: 2, scan: 4, news: 4, walk: 1, isDear: true },
};

// Three events in the order of their places. The transactions of the first two are open and overlap, numbered in either
// order; the third has the key of the first, and its transaction begins after that one's commit.
export const KEYS = ['a', 'b', 'a'];
export const start = (faults: State['faults'], xids: readonly number[], limits: Limits): State => ({
  rows: KEYS.map((key, index) => ({
    ...{ key, token: null, attempts: 0, isDue: true, xid: xids[index] ?? 0 },
    status: index < 2 ? ('uncommitted' as const) : ('none' as const),
  })),
  lane: { owner: null, token: 0, isExpired: true, lowWater: 0 },
  onDisk: null,
  publishers: [
    { hold: null, claim: null },
    { hold: null, claim: null },
  ],
  seen: [],
  nextXid: 10,
  lastEnded: 1,
  ...{ faults, limits },
});

export const copy = ({
  rows,
  lane,
  onDisk,
  publishers: [one, two],
  seen,
  nextXid,
  lastEnded,
  faults,
  limits,
}: State): State => ({
  rows: rows.map((row) => ({ ...row })),
  lane: { ...lane },
  onDisk: onDisk && { ...onDisk, rows: onDisk.rows.map((row) => ({ ...row })) },
  publishers: [copyPublisher(one), copyPublisher(two)],
  ...{ seen: [...seen], nextXid, lastEnded, faults: { ...faults }, limits },
});
const copyPublisher = ({ hold, claim: current }: Publisher): Publisher => ({
  hold: hold && { ...hold, progress: copyProgress(hold.progress) },
  claim: current && { ...current, rows: [...current.rows] },
});
// What is passed is the only part of it that production changes in place.
const copyProgress = (progress: Progress): Progress => ({
  ...progress,
  passed: progress.passed && { ...progress.passed, blocked: new Set(progress.passed.blocked) },
});
export type Step = { name: string; next: State };

/** A commit that waits for the disk takes all before it there. */
const flush = (next: State) => {
  next.onDisk = null;
};
/** Before a commit that does not: how far the disk is, at worst, from here on. */
export function leaveUnflushed(next: State): void {
  next.onDisk ??= { rows: next.rows.map((row) => ({ ...row })), lowWater: next.lane.lowWater };
}

/** The disk catches up. */
export function flushes(state: State): Step[] {
  if (!state.onDisk) return [];
  const next = copy(state);
  flush(next);
  return [{ name: 'flush', next }];
}

export function commits(state: State): Step[] {
  return state.rows.flatMap((row, index) => {
    if (row.status !== 'uncommitted') return [];
    const next = copy(state);
    next.rows[index]!.status = 'pending';
    flush(next);
    next.lastEnded = Math.max(next.lastEnded, row.xid);
    return [{ name: `commit ${index}`, next }];
  });
}

/** The third event's transaction takes its number and its place. */
export function begins(state: State): Step[] {
  if (state.rows[2]?.status !== 'none' || state.rows[0]?.status === 'uncommitted') return [];
  const next = copy(state);
  Object.assign(next.rows[2]!, { status: 'uncommitted', xid: next.nextXid++ });
  return [{ name: 'begin 2', next }];
}

/** What was refused is tried again after a while. */
export function comesDue(state: State): Step[] {
  return state.rows.flatMap((row, index) => {
    if (row.isDue) return [];
    const next = copy(state);
    next.rows[index]!.isDue = true;
    return [{ name: `${index} is due`, next }];
  });
}

export const openOf = (state: State) => state.rows.filter((row) => row.status === 'uncommitted').map((row) => row.xid);

/** As PostgreSQL spells it: what is open above the last ended one is not named. */
export function snapshotOf(state: State): string {
  const open = openOf(state).filter((xid) => xid <= state.lastEnded);
  return `${Math.min(state.lastEnded + 1, ...open)}:${state.lastEnded + 1}:${open.join(',')}`;
}
export const hasEnded = (state: State, xid: bigint) =>
  Number(xid) <= state.lastEnded && !openOf(state).includes(Number(xid));

export function takeover(state: State, p: 0 | 1): Step[] {
  if (state.publishers[p].hold || state.publishers[p].claim) return [];
  const { lane } = state;
  if (lane.owner !== null && lane.owner !== p && !lane.isExpired) return [];
  const next = copy(state);
  for (const row of next.rows)
    if (row.status === 'processing' && row.token === lane.token) Object.assign(row, { status: 'pending', token: null });
  next.lane = { ...lane, owner: p, token: lane.token + 1, isExpired: false };
  next.publishers[p].hold = { token: lane.token + 1, progress: startProgress(lane.lowWater), isFenced: false };
  flush(next);
  return [{ name: `takeover ${p}`, next }];
}

export function send(state: State, p: 0 | 1): Step[] {
  const current = state.publishers[p].claim;
  const index = current?.rows[current.sent];
  if (!current || index === undefined) return [];
  const next = copy(state);
  next.publishers[p].claim!.sent += 1;
  if (!next.seen.includes(index)) next.seen.push(index);
  return [{ name: `send ${index} by ${p}`, next }];
}

/** All sent, or the next one refused by what stands behind the publisher: then later ones of its key are held. */
export function mark(state: State, p: 0 | 1): Step[] {
  const { hold, claim: current } = state.publishers[p];
  if (!hold || !current) return [];
  const isAllSent = current.sent === current.rows.length;
  if (!isAllSent && state.faults.refusal === 0) return [];
  const next = copy(state);
  if (isAllSent) leaveUnflushed(next);
  else next.faults.refusal -= 1;
  let lost = 0;
  const marked = current.rows.map((index, place) => {
    const row = next.rows[index]!;
    const outcome =
      place < current.sent
        ? ({ kind: 'published' } as const)
        : place === current.sent
          ? ({ kind: 'refused', error: new Error('no'), isFinal: false } as const)
          : ({ kind: 'held' } as const);
    const settled = settle(row.attempts, outcome, 2, () => 0.5);
    if (row.status !== 'processing' || row.token !== hold.token) lost += 1;
    else
      Object.assign(row, {
        status: settled.status,
        attempts: settled.attempts,
        token: null,
        isDue: settled.delayMs === 0,
      });
    return { seq: index + 1, status: settled.status, tenantId: 't', key: row.key, settled };
  });
  if (!isAllSent) flush(next);
  next.publishers[p].claim = null;
  const { progress } = next.publishers[p].hold!;
  if (lost === 0) progress.cursor = cursorAfter(progress.cursor, { firstLeft: current.firstLeft, marked });
  progress.passed = progress.passed && lost === 0 ? passedAfter(progress.passed, marked) : null;
  return [{ name: `mark ${p}`, next }];
}
