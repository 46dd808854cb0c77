// Transactions of this publisher's other lanes. Each is open while the others read, and when it has ended they would look back for what it
// stored: half of what a claim went over. But a turn stores no event.

/**
 * `known`: numbers of turns that were sent since this publisher last took a lane. A server that crashed, or a standby that takes over, may
 * give a number out again; but no lane outlives that with its owner, so whatever lane reads these numbers was taken before they were given.
 */
export type TurnNumbers = { known: Set<bigint> };

export const NO_TURNS: ReadonlySet<bigint> = new Set();
export const newTurnNumbers = (): TurnNumbers => ({ known: new Set() });

/** More than can be open at once: what was forgotten is looked back for, and not found. */
const MAX_KNOWN = 200;

export function noteTurn(known: Set<bigint>, xid: bigint): void {
  known.add(xid);
  if (known.size > MAX_KNOWN) for (const oldest of known) return void known.delete(oldest);
}
