// All that may happen next in the model of a lane, faults among it.
import { claims, looks, sweeps } from './claim-model.ts';
import { begins, comesDue, commits, copy, flushes, mark, type State, type Step, send, takeover } from './lane-model.ts';

function fault(state: State, kind: keyof State['faults'], name: string, apply: (next: State) => void): Step[] {
  if (state.faults[kind] === 0) return [];
  const next = copy(state);
  next.faults[kind] -= 1;
  apply(next);
  return [{ name, next }];
}

/** The database server crashes: what it had not written is undone, and whoever had the lane is to take it anew. */
function undo(next: State): void {
  const { onDisk, lane, publishers } = next;
  for (const [index, { status, token, attempts }] of (onDisk?.rows ?? []).entries())
    if (status !== 'none' && status !== 'uncommitted') Object.assign(next.rows[index]!, { status, token, attempts });
  lane.lowWater = onDisk?.lowWater ?? lane.lowWater;
  next.onDisk = null;
  for (const { hold } of publishers) if (hold) hold.isFenced = true;
}

/** All that may happen next. */
export function steps(state: State): Step[] {
  const of = ([0, 1] as const).flatMap((p) => [
    ...takeover(state, p),
    ...claims(state, p),
    ...sweeps(state, p),
    ...looks(state, p),
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
    next.onDisk = null;
  });
  return [
    ...commits(state),
    ...begins(state),
    ...comesDue(state),
    ...of,
    ...(state.lane.owner === null ? [] : expire),
    ...reap,
    // Without one to come it is all the same how far the disk is.
    ...(state.faults.undo > 0 ? flushes(state) : []),
    ...fault(state, 'undo', 'the database crashes', undo),
  ];
}
