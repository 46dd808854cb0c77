// Walks every state that two publishers, three events, the reaper and a crash at any moment can reach, with the
// decisions that production takes (states.ts). What the SQL does around them is written down here in the small.
import { describe, expect, it } from 'vitest';
import {
  afterSweep,
  chooseClaim,
  type EventStatus,
  emptyChoice,
  type Progress,
  settle,
  startProgress,
} from './states.ts';

type Row = { key: string; status: 'uncommitted' | EventStatus; token: number | null; attempts: number; xid: number };
type Publisher = {
  hold: { token: number; progress: Progress } | null;
  /** Indexes of the events claimed and how many of them are sent. */
  claim: { rows: number[]; sent: number } | null;
};
type State = {
  rows: Row[];
  lane: { owner: number | null; token: number; isExpired: boolean; lowWater: number };
  publishers: [Publisher, Publisher];
  /** First occurrences, in the order in which consumers saw them. */
  seen: number[];
  nextXid: number;
  faults: { crash: number; expiry: number; reap: number; refusal: number };
};

const KEYS = ['a', 'a', 'b'];
/** Event 2 has the first event's key, and its transaction begins after that one's commit. */
const start = (faults: State['faults']): State => ({
  rows: KEYS.map((key, index) => ({ key, status: 'uncommitted', token: null, attempts: 0, xid: index + 1 })),
  lane: { owner: null, token: 0, isExpired: true, lowWater: 0 },
  publishers: [
    { hold: null, claim: null },
    { hold: null, claim: null },
  ],
  seen: [],
  nextXid: 10,
  faults,
});

const copy = ({ rows, lane, publishers: [one, two], seen, nextXid, faults }: State): State => ({
  rows: rows.map((row) => ({ ...row })),
  lane: { ...lane },
  publishers: [copyPublisher(one), copyPublisher(two)],
  ...{ seen: [...seen], nextXid, faults: { ...faults } },
});
const copyPublisher = ({ hold, claim: current }: Publisher): Publisher => ({
  hold: hold && { ...hold, progress: { ...hold.progress } },
  claim: current && { rows: [...current.rows], sent: current.sent },
});
const isUnfinished = (row: Row) => row.status === 'pending' || row.status === 'processing';
type Step = { name: string; next: State };

function commits(state: State): Step[] {
  return state.rows.flatMap((row, index) => {
    if (row.status !== 'uncommitted') return [];
    if (index === 1 && state.rows[0]?.status === 'uncommitted') return [];
    const next = copy(state);
    next.rows[index]!.status = 'pending';
    return [{ name: `commit ${index}`, next }];
  });
}

function takeover(state: State, p: 0 | 1): Step[] {
  if (state.publishers[p].hold || state.publishers[p].claim) return [];
  const { lane } = state;
  if (lane.owner !== null && lane.owner !== p && !lane.isExpired) return [];
  const next = copy(state);
  for (const row of next.rows)
    if (row.status === 'processing' && row.token === lane.token) Object.assign(row, { status: 'pending', token: null });
  next.lane = { ...lane, owner: p, token: lane.token + 1, isExpired: false };
  next.publishers[p].hold = { token: lane.token + 1, progress: startProgress(lane.lowWater) };
  return [{ name: `takeover ${p}`, next }];
}

function claim(state: State, p: 0 | 1, isSweep: boolean): Step[] {
  const { hold, claim: current } = state.publishers[p];
  if (!hold || current) return [];
  const next = copy(state);
  if (hold.token !== state.lane.token) {
    next.publishers[p].hold = null;
    return [{ name: `lane lost ${p}`, next }];
  }
  next.lane.isExpired = false;
  const from = isSweep ? hold.progress.lowWater : hold.progress.cursor;
  const head = next.rows.flatMap((row, index) =>
    isUnfinished(row) && index + 1 > from
      ? [{ seq: index + 1, tenantId: 't', key: row.key, status: row.status as 'pending', isDue: true, payloadBytes: 1 }]
      : [],
  );
  const choice = emptyChoice();
  chooseClaim(choice, head, { maxEvents: 2, maxBytes: 100 });
  const top = Math.max(from, ...next.rows.map((row, index) => (row.status === 'uncommitted' ? 0 : index + 1)));
  const first = Math.min(choice.chosen[0]?.seq ?? 99, choice.firstLeft ?? 99);
  const doneUpTo = first === 99 ? top : first - 1;
  const open = next.rows.filter((row) => row.status === 'uncommitted').map((row) => row.xid);
  const xid = BigInt(next.nextXid++);
  const oldestOpen = BigInt(Math.min(...open, Number(xid)));
  const progress = isSweep
    ? afterSweep(hold.progress, { doneUpTo, xid, oldestOpen })
    : { ...hold.progress, cursor: doneUpTo };
  next.publishers[p].hold = { ...hold, progress };
  next.lane.lowWater = Math.max(next.lane.lowWater, progress.lowWater);
  const rows = choice.chosen.map((row) => row.seq - 1);
  for (const index of rows) Object.assign(next.rows[index]!, { status: 'processing', token: hold.token });
  if (rows.length > 0) next.publishers[p].claim = { rows, sent: 0 };
  return [{ name: `${isSweep ? 'sweep' : 'claim'} ${p}`, next }];
}

function send(state: State, p: 0 | 1): Step[] {
  const current = state.publishers[p].claim;
  const index = current?.rows[current.sent];
  if (!current || index === undefined) return [];
  const next = copy(state);
  next.publishers[p].claim!.sent += 1;
  if (!next.seen.includes(index)) next.seen.push(index);
  return [{ name: `send ${index} by ${p}`, next }];
}

/** All sent, or the next one refused by what stands behind the publisher: then later ones of its key are held. */
function mark(state: State, p: 0 | 1): Step[] {
  const { hold, claim: current } = state.publishers[p];
  if (!hold || !current) return [];
  const isAllSent = current.sent === current.rows.length;
  if (!isAllSent && state.faults.refusal === 0) return [];
  const next = copy(state);
  if (!isAllSent) next.faults.refusal -= 1;
  current.rows.forEach((index, place) => {
    const row = next.rows[index]!;
    if (row.status !== 'processing' || row.token !== hold.token) return;
    const outcome =
      place < current.sent
        ? ({ kind: 'published' } as const)
        : place === current.sent
          ? ({ kind: 'refused', error: new Error('no'), isFinal: false } as const)
          : ({ kind: 'held' } as const);
    const settled = settle(row.attempts, outcome, 2, () => 0);
    Object.assign(row, { status: settled.status, attempts: settled.attempts, token: null });
  });
  next.publishers[p].claim = null;
  const { progress } = next.publishers[p].hold!;
  progress.cursor = Math.min(progress.cursor, next.lane.lowWater);
  return [{ name: `mark ${p}`, next }];
}

function fault(state: State, kind: keyof State['faults'], name: string, apply: (next: State) => void): Step[] {
  if (state.faults[kind] === 0) return [];
  const next = copy(state);
  next.faults[kind] -= 1;
  apply(next);
  return [{ name, next }];
}

function steps(state: State): Step[] {
  const of = ([0, 1] as const).flatMap((p) => [
    ...takeover(state, p),
    ...claim(state, p, false),
    ...claim(state, p, true),
    ...send(state, p),
    ...mark(state, p),
    ...(state.publishers[p].hold
      ? fault(state, 'crash', `crash ${p}`, (next) => {
          next.publishers[p] = { hold: null, claim: null };
        })
      : []),
  ]);
  const expire = fault(state, 'expiry', 'the lease runs out', (next) => {
    next.lane.isExpired = true;
  });
  const reap = fault(state, 'reap', 'reap', (next) => {
    for (const row of next.rows)
      if (row.status === 'processing') Object.assign(row, { status: 'pending', token: null });
  });
  return [...commits(state), ...of, ...(state.lane.owner === null ? [] : expire), ...reap];
}

function violation(state: State): string | null {
  const [first, second] = [state.seen.indexOf(0), state.seen.indexOf(1)];
  if (second >= 0 && first < 0 && state.rows[0]?.status !== 'failed') return 'the second event of a key came first';
  if (first >= 0 && second >= 0 && second < first && state.rows[0]?.status !== 'failed') return 'a key is out of order';
  for (const [index, row] of state.rows.entries()) {
    if (row.status === 'published' && !state.seen.includes(index)) return `event ${index} is marked and was not sent`;
    const isEnded = row.status === 'published' || row.status === 'failed';
    if (index + 1 <= state.lane.lowWater && !isEnded) return `the low-water passed event ${index}`;
  }
  return null;
}

/** Numbers of transactions and tokens only matter by their order and by their distance from the lane's. */
function fingerprint({ rows, lane, publishers, seen, faults }: State): string {
  const xids = publishers.flatMap(({ hold }) => (hold?.progress.barrier ? [hold.progress.barrier.xid] : []));
  const order = [...new Set(xids)].sort((a, b) => (a < b ? -1 : 1));
  const from = (token: number | null) => (token === null ? '-' : lane.token - token);
  return [
    ...rows.map((row) => `${row.status[0]}${row.status[1]}${from(row.token)}${row.attempts}`),
    `${lane.owner}${lane.isExpired}${lane.lowWater}`,
    ...publishers.map(({ hold, claim }) => {
      const progress = hold?.progress;
      const barrier = progress?.barrier ? `${progress.barrier.seq}@${order.indexOf(progress.barrier.xid)}` : '-';
      const held = progress ? `${from(hold.token)}:${progress.lowWater}:${progress.cursor}:${progress.seenDone}` : '-';
      return `${held}:${barrier}:${claim ? `${claim.rows}/${claim.sent}` : '-'}`;
    }),
    seen.join(''),
    `${faults.crash}${faults.expiry}${faults.reap}${faults.refusal}`,
  ].join('|');
}

type Found = { states: number; violations: string[]; unfinished: number };

function explore(faults: State['faults']): Found {
  const known = new Set([fingerprint(start(faults))]);
  // A path is told by its last step and the place of the state before it.
  const queue: { state: State; name: string; before: number }[] = [{ state: start(faults), name: 'start', before: -1 }];
  const found: Found = { states: 0, violations: [], unfinished: 0 };
  for (let at = 0; at < queue.length && found.violations.length < 3; at += 1) {
    const { state } = queue[at]!;
    if (!endsWell(state)) found.unfinished += 1;
    for (const { name, next } of steps(state)) {
      const print = fingerprint(next);
      if (known.has(print)) continue;
      known.add(print);
      queue.push({ state: next, name, before: at });
      const broken = violation(next);
      if (broken) found.violations.push(`${broken}: ${pathTo(queue, queue.length - 1)}`);
    }
  }
  return { ...found, states: known.size };
}

function pathTo(queue: readonly { name: string; before: number }[], end: number): string {
  const names: string[] = [];
  for (let at = end; at >= 0; at = queue[at]!.before) names.unshift(queue[at]!.name);
  return names.join(', ');
}

/** From here on nothing fails any more: everything must get out, by one publisher that sweeps. */
function endsWell(from: State): boolean {
  let state = copy(from);
  state.faults = { crash: 0, expiry: 0, reap: 0, refusal: 0 };
  for (let turn = 0; turn < 30; turn += 1) {
    if (state.rows.every((row) => row.status === 'published' || row.status === 'failed')) return true;
    const commit = commits(state)[0];
    const own = (step: Step[]) => step[0]?.next;
    // The other publisher is gone, and its lease runs out.
    state.publishers[1] = { hold: null, claim: null };
    if (state.lane.owner === 1) state.lane.isExpired = true;
    state =
      commit?.next ??
      own(send(state, 0)) ??
      own(mark(state, 0)) ??
      own(takeover(state, 0)) ??
      own(claim(state, 0, true)) ??
      state;
  }
  return state.rows.every((row) => row.status === 'published' || row.status === 'failed');
}

// All faults at once are millions of states; two kinds at a time are all that two publishers can trip over.
describe('two publishers, three events, a crash anywhere', () => {
  it.each([
    { crash: 1, expiry: 1, reap: 0, refusal: 0 },
    { crash: 1, expiry: 0, reap: 1, refusal: 0 },
    { crash: 1, expiry: 0, reap: 0, refusal: 1 },
    { crash: 0, expiry: 1, reap: 1, refusal: 0 },
    { crash: 0, expiry: 1, reap: 0, refusal: 1 },
  ])('lose no event, keep each key in order and pass nothing unfinished with faults %j', (faults) => {
    const { states, violations, unfinished } = explore(faults);
    expect(violations).toEqual([]);
    expect(unfinished).toBe(0);
    expect(states).toBeGreaterThan(1_000);
  });
});
