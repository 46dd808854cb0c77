// Turns of a publisher's lanes that took something. Each is open while its other lanes read, and once it has ended they would look back
// for what it stored: half of what a claim went over. But a turn stores no event.

/**
 * Their transactions' numbers, of one life of the database server: one that crashed, or a standby in its place, gives numbers out
 * again. `takeLanes` sees to that. A number that was forgotten is looked back for, and nothing found.
 */
export type TurnNumbers = Set<bigint>;

/** More than can be open at once. */
const MAX_KNOWN = 200;

export function noteTurn(turns: TurnNumbers, xid: bigint): void {
  turns.add(xid);
  const [oldest] = turns;
  if (turns.size > MAX_KNOWN && oldest !== undefined) turns.delete(oldest);
}
