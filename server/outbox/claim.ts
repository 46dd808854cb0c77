import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import {
  hasSqlState,
  isLockTimeout,
  queryPrepared,
  type TransactionOptions,
  type Tx,
  transaction,
} from '#server/lib/index.ts';
import { followTo } from './follow.ts';
import { chooseFromHead, type Head } from './head.ts';
import type { Hold } from './lanes.ts';
import { batchSize } from './metrics.ts';
import { lanesWithNews } from './news.ts';
import { isRested, passOn } from './passed.ts';
import type { OutboxEvent } from './publisher.ts';
import { giveBack } from './release.ts';
import { lookFrom, nextSight } from './sight.ts';
import { afterSweep, type Choice, keyOf, mayFollowTo, type Progress, placeBehind } from './states.ts';
import { placesOf, takeEvents } from './take-events.ts';
import { type Turn, takeTurn } from './take-turn.ts';

export type Claim = {
  events: OutboxEvent[];
  /** More may wait: claim again at once. */
  isFull: boolean;
  /** The first unfinished row that was left; null: none was seen. */
  firstLeft: number | null;
};

/** Another publisher has the lane now. */
export class LaneLostError extends Error {
  constructor(lane: number) {
    super(`lane ${lane} was taken over by another publisher`);
    this.name = 'LaneLostError';
  }
}

/** Whether a claim found that the lane is another's. */
export const isLaneLost = (error: unknown): boolean => error instanceof LaneLostError || hasSqlState(error, 'MS001');

type ClaimOptions = { leaseMs: number; batchSize: number; isSweep: boolean };
export type Taken = Claim & { progress: Progress };

// Short limits: whoever stalls here holds the lane's row. A claim that a crash of the database undoes was a claim all
// the same for what its owner then sends: the rows are pending again, and nobody can mark them under it.
const CLAIMING: TransactionOptions = {
  statementTimeoutMs: 10_000,
  idleTimeoutMs: 5_000,
  isHot: true,
  mayBeUndone: true,
};

/**
 * Takes a lane's next events under the lane's token, renews its lease, and moves the lane's low-water. A sweep
 * lets the low-water follow, and reads again what was passed, when that has rested.
 * @throws LaneLostError
 */
export async function claimEvents(pool: Pool, hold: Hold, options: ClaimOptions): Promise<Claim> {
  try {
    return keepClaim(hold, (await claimByTurn(pool, hold, options)) ?? (await claimChosen(pool, hold, options)));
  } catch (error) {
    throw isLaneLost(error) ? new LaneLostError(hold.lane) : error;
  }
}

/** Null: there is something to choose among, or too much to go over. */
async function claimByTurn(pool: Pool, hold: Hold, options: ClaimOptions): Promise<Taken | null> {
  const { progress } = hold;
  // What was passed is not free: the turn would begin with it.
  if (options.isSweep || progress.passed) return null;
  const turn = await takeTurn(pool, hold, lookFrom(progress, hold.turns), { ...options, sent: null }).catch(
    (error: unknown) => {
      if (isLockTimeout(error)) return null;
      throw error;
    },
  );
  return turn && takenBy(pool, hold, progress, turn);
}

/**
 * What a turn took from the cursor of `before` on, as a claim: with no event where none is due. Null: there is something to
 * choose among, or too much to go over.
 */
export async function takenBy(pool: Pool, hold: Hold, before: Progress, { events, of }: Turn): Promise<Taken | null> {
  const [first, last] = [events[0], events.at(-1)];
  if (!first || !last) {
    const news = await lanesWithNews(pool, [hold]);
    return news.size > 0 ? null : { events: [], isFull: false, firstLeft: null, progress: hold.progress };
  }
  if (!of || events.length < of.seen) {
    await giveBack(pool, hold, events);
    return null;
  }
  // What was seen was seen before the turn had its number.
  const sight = nextSight(before.sight, { xid: of.xid, place: last.seq, snapshot: of.snapshot });
  // Whatever was passed was seen by another snapshot than the one that this sight is of.
  const progress = { ...before, sight, cursor: first.seq - 1, passed: null };
  return { events, isFull: of.isLonger, firstLeft: null, progress };
}

/** What was claimed is its owner's from here on. */
export function keepClaim(hold: Hold, claim: Taken): Claim {
  hold.progress = claim.progress;
  if (claim.events.length > 0) batchSize.observe(claim.events.length);
  return claim;
}

/** Chooses among the lane's unfinished events: from the head, or from behind what was passed. */
function claimChosen(pool: Pool, hold: Hold, options: ClaimOptions): Promise<Taken> {
  return transaction(pool, CLAIMING, async (tx) => {
    const lease = await renewLane(tx, hold, options.leaseMs);
    const { progress: before } = hold;
    const nowMs = performance.now();
    const passed = before.passed && !(options.isSweep && isRested(before.passed, nowMs)) ? before.passed : null;
    const look = lookFrom({ ...before, cursor: placeBehind({ ...before, passed }) }, hold.turns);
    const head = await chooseFromHead(tx, hold.lane, look, options.batchSize, passed?.blocked);
    const { choice } = head;
    // Events of whoever was stopped are not among the passed ones.
    if (passed && head.stops !== passed.stops)
      return { events: [], isFull: true, firstLeft: before.cursor + 1, progress: { ...before, passed: null } };
    const place = Math.max(before.cursor, passed?.top ?? 0);
    const sight = nextSight(before.sight, { xid: lease.xid, place, snapshot: head.snapshot });
    // What came late below the cursor is unfinished, or not gone over to its end.
    const cursor = passed ? Math.min(before.cursor, doneOf(head)) : doneOf(head);
    const target = options.isSweep ? mayFollowTo(before, lease.oldestOpen) : null;
    const followed = target === null ? null : await followTo(tx, hold.lane, { from: before.lowWater, target });
    const swept = options.isSweep ? afterSweep(before, { cursor, followed, xid: lease.xid }) : { ...before, cursor };
    const seqs = choice.chosen.map((row) => row.seq);
    if (swept.lowWater > before.lowWater || seqs.length > 0) await moveLane(tx, hold.lane, swept.lowWater, seqs);
    if (passed) choice.firstLeft = swept.cursor + 1;
    const events = seqs.length === 0 ? [] : await withoutGaps(tx, hold, choice, await takeEvents(tx, hold, seqs));
    const times = { beganMs: nowMs, nowMs: performance.now() };
    // A row that could not be had is one that was not passed.
    const hadAll = events.length === seqs.length;
    const next = hadAll ? passOn(passed, head, times) : null;
    // What was gone over and left nothing is done: the cursor is behind it.
    const goesOn = next !== null || (hadAll && choice.blocked.size === 0);
    const isFull = choice.isFull || head.end === 'changed' || (head.end === 'limit' && goesOn);
    return { events, isFull, firstLeft: choice.firstLeft, progress: { ...swept, sight, passed: next } };
  });
}

/** Up to where no unfinished row was seen. */
function doneOf({ choice, seenUpTo, lower }: Head): number {
  const first = Math.min(
    choice.chosen[0]?.seq ?? Number.POSITIVE_INFINITY,
    choice.firstLeft ?? Number.POSITIVE_INFINITY,
  );
  return Number.isFinite(first) ? first - 1 : (seenUpTo ?? lower);
}

/** Up to where the lane is known to be done, which does not go back, and between which places it is claimed. */
const moveLane = (tx: Tx, lane: number, lowWater: number, seqs: readonly number[]) =>
  queryPrepared(
    tx,
    sql`update outbox_lanes set low_water = greatest(low_water, ${lowWater}::bigint),
      claimed_from = coalesce(${seqs.at(0) ?? null}::bigint - 1, claimed_from),
      claimed_to = coalesce(${seqs.at(-1) ?? null}::bigint, claimed_to) where lane = ${lane}`,
  );

/**
 * The fence of everything in the claim: the row stays locked until it commits. After a crash of the database no lane has an
 * owner: what the last one believes to have claimed and marked may be undone.
 * @throws what `isLaneLost` tells: the transaction must not go on, and cannot
 */
async function renewLane(tx: Tx, hold: Hold, leaseMs: number): Promise<{ xid: bigint; oldestOpen: bigint }> {
  const [row] = await queryPrepared<{ xid: string; oldest: string }>(
    tx,
    sql`select xid, oldest from outbox_renew_lane(${hold.lane}, ${hold.token}, ${hold.id}, ${leaseMs / 1_000}, null, null)`,
  );
  if (!row) throw new LaneLostError(hold.lane);
  return { xid: BigInt(row.xid), oldestOpen: BigInt(row.oldest) };
}

/** When a chosen row could not be had (a requeue or the reaper holds it), later ones of its key are given back. */
async function withoutGaps(tx: Tx, hold: Hold, choice: Choice, rows: OutboxEvent[]): Promise<OutboxEvent[]> {
  if (rows.length === choice.chosen.length) return rows;
  const taken = new Set(rows.map((row) => row.seq));
  const broken = new Map<string, number>();
  for (const row of choice.chosen) if (!taken.has(row.seq) && !broken.has(keyOf(row))) broken.set(keyOf(row), row.seq);
  const isBehindGap = (row: OutboxEvent) => row.seq > (broken.get(keyOf(row)) ?? Number.POSITIVE_INFINITY);
  const back = rows.filter(isBehindGap).map((row) => row.seq);
  choice.firstLeft = Math.min(choice.firstLeft ?? Number.POSITIVE_INFINITY, ...broken.values());
  if (back.length > 0)
    await tx.execute(sql`update outbox_events set status = 'pending', claim_token = null
      where lane = ${hold.lane} and claim_token = ${hold.token} and status = 'processing'
        and seq = any (${placesOf(back)}::text::bigint[])`);
  return rows.filter((row) => !isBehindGap(row));
}
