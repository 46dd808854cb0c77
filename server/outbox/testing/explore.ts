// Walks every state of the model, once each.
import { claims, looks, sweeps } from './claim-model.ts';
import { begins, comesDue, commits, copy, KEYS, mark, type State, send, takeover } from './lane-model.ts';
import { steps } from './lane-steps.ts';

function violation(state: State): string | null {
  const [first, second] = [state.seen.indexOf(0), state.seen.indexOf(2)];
  if (second >= 0 && first < 0 && state.rows[0]?.status !== 'failed') return 'the second event of a key came first';
  if (first >= 0 && second >= 0 && second < first && state.rows[0]?.status !== 'failed') return 'a key is out of order';
  for (const [index, row] of state.rows.entries()) {
    if (row.status === 'published' && !state.seen.includes(index)) return `event ${index} is marked and was not sent`;
    const isEnded = row.status === 'published' || row.status === 'failed';
    if (index + 1 <= state.lane.lowWater && !isEnded) return `the low-water passed event ${index}`;
  }
  for (const p of [0, 1] as const)
    if (looks(state, p).length > 0 && claims(state, p).some(({ next }) => next.publishers[p].claim))
      return `publisher ${p} saw no news where a claim takes some`;
  return null;
}

/**
 * What of a state matters for what may follow. Numbers of transactions and tokens do by their order only; which publisher
 * is which does not; nor does what one knows of a lane that another has taken since: its token is never the lane's again.
 */
function fingerprint({ rows, lane, onDisk, publishers, seen, lastEnded, faults }: State): string {
  const isCurrent = (hold: State['publishers'][0]['hold']) =>
    hold !== null && hold.token === lane.token && !hold.isFenced;
  const xids = publishers.flatMap(({ hold }) => {
    if (!hold || !isCurrent(hold)) return [];
    const { barrier, sight } = hold.progress;
    return [...(barrier ? [barrier.xid] : []), ...sight.open, sight.next - 1n, ...sight.marks.map(({ xid }) => xid)];
  });
  const known = [...xids, BigInt(lastEnded), ...rows.map(({ xid }) => BigInt(xid))];
  const order = [...new Set(known)].sort((a, b) => (a < b ? -1 : 1));
  const rank = (xid: bigint) => order.indexOf(xid);
  const publisherPrints = publishers.map(({ hold, claim: current }, p) => {
    const sending = current ? `${current.rows}/${current.sent}/${current.firstLeft}` : '-';
    const owns = `${lane.owner === p}:${sending}`;
    if (!hold || !isCurrent(hold)) return `${owns}:${hold ? (hold.token === lane.token ? 'fenced' : 'stale') : '-'}`;
    const { barrier, sight, lowWater, cursor, seenDone, passed } = hold.progress;
    const marks = sight.marks.map(({ xid, place }) => `${rank(xid)}<${place}`);
    const waits = barrier ? `${barrier.seq}@${rank(barrier.xid)}` : '-';
    const over = passed ? `${passed.upTo}${[...passed.blocked].sort()}<${passed.top}${passed.endedAtMs}` : '-';
    const sights = `${sight.open.map(rank)}/${rank(sight.next - 1n)}/${marks}`;
    return `${owns}:${lowWater}:${cursor}:${seenDone}:${waits}:${over}:${sights}`;
  });
  return [
    ...rows.map(({ status, token, attempts, isDue, xid }) => {
      const place = status === 'uncommitted' ? rank(BigInt(xid)) : '';
      return `${status[0]}${status[1]}${token === null ? '-' : lane.token - token}${attempts}${isDue ? '' : 'w'}${place}`;
    }),
    `${lane.owner === null}${lane.isExpired}${lane.lowWater}e${rank(BigInt(lastEnded))}`,
    ...(onDisk && faults.undo > 0
      ? onDisk.rows.map(
          ({ status, token, attempts }) =>
            `${status[0]}${status[1]}${token === null ? '-' : lane.token - token}${attempts}`,
        )
      : []),
    onDisk && faults.undo > 0 ? onDisk.lowWater : '-',
    ...publisherPrints.sort(),
    `${seen.filter((index) => KEYS[index] === 'a')}/${seen.includes(1)}`,
    `${faults.crash}${faults.expiry}${faults.reap}${faults.refusal}${faults.undo}`,
  ].join('|');
}

type Found = { states: number; violations: string[]; unfinished: number };

/** All states that can be reached from this one, what is wrong in them, and how many cannot come to a good end. */
export function explore(from: State): Found {
  const endsWell = createEnding();
  const known = new Set([fingerprint(from)]);
  // A path is told by its last step and the place of the state before it.
  const queue: { state: State; name: string; before: number }[] = [{ state: from, name: 'start', before: -1 }];
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
function createEnding() {
  const good = new Set<string>();
  const isDone = (state: State) => state.rows.every(({ status }) => status === 'published' || status === 'failed');
  return (from: State): boolean => {
    let state = copy(from);
    state.faults = { crash: 0, expiry: 0, reap: 0, refusal: 0, undo: 0 };
    // The other publisher is gone, and its lease runs out.
    state.publishers[1] = { hold: null, claim: null };
    if (state.lane.owner === 1) state.lane.isExpired = true;
    const way: string[] = [];
    for (let step = 0; step < 60; step += 1) {
      const print = fingerprint(state);
      if (good.has(print) || isDone(state)) {
        for (const passed of way) good.add(passed);
        return true;
      }
      way.push(print);
      const next = [
        commits(state),
        begins(state),
        comesDue(state),
        send(state, 0),
        mark(state, 0),
        takeover(state, 0),
        // The pass that it knows of is rested by then.
        sweeps(state, 0).slice(-1),
      ];
      state = next.find((some) => some[0])?.[0]?.next ?? state;
    }
    return false;
  };
}
