// How the lane of the model is claimed, swept and looked at for news. A claim and a look are one step each: what happens while
// one is under way either comes before its snapshot or after all of it, and a look that a claim overtook is dropped.
import { isRested, passOn } from '../passed.ts';
import { type Look, lookFrom, lowestOf, nextSight } from '../sight.ts';
import {
  afterLook,
  afterSweep,
  chooseClaim,
  emptyChoice,
  type Followed,
  type HeadRow,
  mayFollowTo,
  type Progress,
  placeBehind,
} from '../states.ts';
import { copy, hasEnded, leaveUnflushed, openOf, type State, type Step, snapshotOf } from './lane-model.ts';

/** When passes begin and end in the model, and when one is rested. */
const BEGUN_MS = 0;
const ENDED_MS = 1;
const RESTED_MS = 5;
const NOWHERE = Number.POSITIVE_INFINITY;

/** What a claim takes, and what its publisher then knows. */
type Taken = { rows: number[]; firstLeft: number | null; progress: Progress };

/** As `claimEvents` does without a sweep: a turn where all is free, else a choice. */
export const claims = (state: State, p: 0 | 1): Step[] =>
  claimed(state, p, 'claim', (next, progress, xid) => takeTurn(next, progress, xid) ?? choose(next, progress, xid));

/** A sweep where a pass is known that has ended comes before that has rested, or after. The last one is the rested. */
export function sweeps(state: State, p: 0 | 1): Step[] {
  const times = state.publishers[p].hold?.progress.passed?.endedAtMs == null ? [ENDED_MS] : [ENDED_MS, RESTED_MS];
  return times.flatMap((nowMs) =>
    claimed(state, p, nowMs === RESTED_MS ? 'rested sweep' : 'sweep', (next, progress, xid) =>
      choose(next, progress, xid, { nowMs }),
    ),
  );
}

function claimed(
  state: State,
  p: 0 | 1,
  name: string,
  take: (next: State, progress: Progress, xid: bigint) => Taken,
): Step[] {
  const before = state.publishers[p];
  if (!before.hold || before.claim) return [];
  const next = copy(state);
  const { hold } = next.publishers[p];
  if (!hold || hold.token !== next.lane.token || hold.isFenced) {
    next.publishers[p].hold = null;
    return [{ name: `lane lost ${p}`, next }];
  }
  next.lane.isExpired = false;
  const xid = BigInt(next.nextXid++);
  leaveUnflushed(next);
  const { rows, firstLeft, progress } = take(next, hold.progress, xid);
  next.lastEnded = Math.max(next.lastEnded, Number(xid));
  next.publishers[p].hold = { ...hold, progress };
  next.lane.lowWater = Math.max(next.lane.lowWater, progress.lowWater);
  for (const index of rows) Object.assign(next.rows[index]!, { status: 'processing', token: hold.token });
  if (rows.length > 0) next.publishers[p].claim = { rows, sent: 0, firstLeft };
  return [{ name: `${name} ${p}`, next }];
}

/** One lane: there are no others whose turns could be left out. */
const NO_TURNS: ReadonlySet<bigint> = new Set();
const isThere = (status: string) => status !== 'uncommitted' && status !== 'none';

/** The unfinished rows above the place where a look begins, as far as it goes, and the place of the first row beyond. */
function unfinishedFrom(state: State, look: Look): { lower: number; rows: HeadRow[]; beyond: number | null } {
  const lower = lowestOf(look, (xid) => hasEnded(state, xid));
  const upper = lower + state.limits.walk;
  const beyond = state.rows.findIndex(({ status }, index) => index + 1 > upper && isThere(status));
  const rows = state.rows.flatMap(({ key, status, isDue }, index): HeadRow[] =>
    index + 1 > lower && index + 1 <= upper && (status === 'pending' || status === 'processing')
      ? [{ seq: index + 1, tenantId: 't', key, status, isDue, payloadBytes: 1 }]
      : [],
  );
  return { lower, rows, beyond: beyond < 0 ? null : beyond + 1 };
}
const isFree = ({ status, isDue }: HeadRow) => status === 'pending' && isDue;

/** Null: not all of the next rows are free, or none is there of those that are gone over. */
function takeTurn(state: State, before: Progress, xid: bigint): Taken | null {
  if (before.passed) return null;
  const { rows: all, beyond } = unfinishedFrom(state, lookFrom(before, NO_TURNS));
  const rows = all.slice(0, state.limits.events);
  if (!rows.every(isFree) || (rows.length === 0 && beyond !== null)) return null;
  // The snapshot comes before the number, so that all that is seen was seen before.
  const sight = nextSight(before.sight, { xid, place: rows.at(-1)?.seq ?? before.cursor, snapshot: snapshotOf(state) });
  const cursor = rows[0] ? rows[0].seq - 1 : before.cursor;
  return {
    rows: rows.map(({ seq }) => seq - 1),
    firstLeft: null,
    progress: { ...before, sight, cursor, passed: null },
  };
}

/** As `claimChosen`; `sweep` absent: it is none. */
function choose(state: State, before: Progress, xid: bigint, sweep?: { nowMs: number }): Taken {
  const nowMs = sweep?.nowMs ?? (before.passed ? ENDED_MS : BEGUN_MS);
  const passed = before.passed && !(sweep && isRested(before.passed, nowMs)) ? before.passed : null;
  const look = lookFrom({ ...before, cursor: placeBehind({ ...before, passed }) }, NO_TURNS);
  const { lower, rows, beyond } = unfinishedFrom(state, look);
  const choice = { ...emptyChoice(), ...(passed ? { blocked: passed.blocked } : {}) };
  const page = rows.slice(0, state.limits.scan);
  chooseClaim(choice, page, { maxEvents: state.limits.events, maxBytes: 100 });
  const isShort = !choice.isFull && page.length < state.limits.scan;
  const end = choice.isFull ? 'full' : isShort && beyond === null ? 'lane' : 'limit';
  const top = Math.max(0, ...state.rows.map(({ status }, index) => (isThere(status) ? index + 1 : 0)));
  const gone = beyond === null ? Math.max(top, lower) : beyond - 1;
  const seenUpTo = isShort ? gone : ((choice.isFull ? choice.chosen : page).at(-1)?.seq ?? null);

  // The number is taken by the first statement, the snapshot by the next.
  const place = Math.max(before.cursor, passed?.top ?? 0);
  const sight = nextSight(before.sight, { xid, place, snapshot: snapshotOf(state) });
  const first = Math.min(choice.chosen[0]?.seq ?? NOWHERE, choice.firstLeft ?? NOWHERE);
  const seenDone = first === NOWHERE ? (seenUpTo ?? lower) : first - 1;
  const cursor = passed ? Math.min(before.cursor, seenDone) : seenDone;
  const target = mayFollowTo(before, BigInt(Math.min(...openOf(state), Number(xid))));
  const followed = target === null ? null : followTo(state, before.lowWater, target);
  const swept = sweep ? afterSweep(before, { cursor, followed, xid }) : { ...before, cursor };
  const head = { choice, top, stops: '', seenUpTo, isHeld: false, isDear: state.limits.isDear, end } as const;
  const next = passOn(passed, head, { beganMs: BEGUN_MS, nowMs: passed ? nowMs : BEGUN_MS });
  return {
    rows: choice.chosen.map(({ seq }) => seq - 1),
    firstLeft: passed ? swept.cursor + 1 : choice.firstLeft,
    progress: { ...swept, sight, passed: next },
  };
}

/** One step of a sweep: the next one goes on where it was cut. */
function followTo(state: State, from: number, target: number): Followed {
  const upTo = Math.min(target, from + state.limits.walk);
  const unfinished = state.rows.findIndex(
    ({ status }, index) => index + 1 > from && index + 1 <= upTo && (status === 'pending' || status === 'processing'),
  );
  if (unfinished >= 0) return { upTo: unfinished, isCut: false };
  return { upTo, isCut: upTo < target };
}

/** A look for news: nothing of it is written down anywhere, and it says nothing where a claim has something to do. */
export function looks(state: State, p: 0 | 1): Step[] {
  const { hold, claim } = state.publishers[p];
  if (!hold || claim) return [];
  const look = lookFrom({ ...hold.progress, cursor: placeBehind(hold.progress) }, NO_TURNS);
  const { rows: all, beyond } = unfinishedFrom(state, look);
  const rows = all.slice(0, state.limits.news);
  const seen = { snapshot: snapshotOf(state), first: rows[0]?.seq ?? null, isDue: rows.some(isFree) };
  const progress = afterLook(hold.progress, { ...seen, isCut: beyond !== null || rows.length === state.limits.news });
  if (!progress) return [];
  const next = copy(state);
  next.publishers[p].hold!.progress.sight = progress.sight;
  return [{ name: `look ${p}`, next }];
}
