import { type SQL, sql } from 'drizzle-orm';
import type { Pool } from '#db/client.ts';
import { queryPrepared, type TransactionOptions, type Tx, transaction } from '#server/lib/index.ts';
import { CLAIM_MAX_BYTES, CLAIM_MAX_SCAN } from './config.ts';
import type { Hold } from './lanes.ts';
import { batchSize } from './metrics.ts';
import type { OutboxEvent } from './publisher.ts';
import { type Look, lookFrom, lookOnlyAfter, lookStatement, nextSight } from './sight.ts';
import { afterSweep, type Choice, chooseClaim, emptyChoice, type HeadRow, keyOf, type Progress } from './states.ts';
import { placesOf, type Stretch, StretchBrokenError, takeEvents, takeStretch } from './take-events.ts';

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
 * reads from the low-water instead of from where this publisher is, which lets the low-water follow.
 * @throws LaneLostError
 */
export async function claimEvents(pool: Pool, hold: Hold, options: ClaimOptions): Promise<Claim> {
  const claim = (await claimStretch(pool, hold, options)) ?? (await claimChosen(pool, hold, options));
  return keepClaim(hold, claim);
}

/** Null: there is something to choose among. */
async function claimStretch(pool: Pool, hold: Hold, options: ClaimOptions): Promise<Taken | null> {
  if (options.isSweep) return null;
  const { progress } = hold;
  const look = lookFrom(progress);
  const taking = transaction(pool, CLAIMING, async (tx) => {
    // Sent together; the lane's row is locked before the events are looked at.
    const [{ xid }, stretch] = await Promise.all([
      renewLane(tx, hold, options.leaseMs),
      takeStretch(tx, hold, look, options.batchSize),
    ]);
    const claim = claimOf(progress, stretch, xid, options.batchSize);
    if (claim) return claim;
    const [row] = await queryPrepared<{ isEmpty: boolean; snapshot: string }>(tx, emptyStatement(hold.lane, look));
    if (!row?.isEmpty) return null;
    const sight = nextSight(progress.sight, { xid, place: progress.cursor, snapshot: row.snapshot });
    return { events: [], isFull: false, firstLeft: null, progress: { ...progress, sight } };
  });
  return taking.catch(noStretch);
}

const emptyStatement = (lane: number, look: Look): SQL => sql`with ${lookStatement(look)}
  select snapshot::text, not exists (select from outbox_events
    where lane = ${lane} and seq > lower and status in ('pending', 'processing')) as "isEmpty" from look`;

/** A stretch that transaction `xid` took from the cursor of `before` on, as a claim; null: none was. */
export function claimOf(before: Progress, stretch: Stretch | null, xid: bigint, batchSize: number): Taken | null {
  const first = stretch?.events[0];
  if (!first) return null;
  const { events, snapshot } = stretch;
  const sight = nextSight(before.sight, { xid, place: before.cursor, snapshot });
  const progress = { ...before, sight, cursor: first.seq - 1 };
  return { events, isFull: events.length >= batchSize, firstLeft: null, progress };
}

function noStretch(error: unknown): null {
  if (error instanceof StretchBrokenError) return null;
  throw error;
}

/** What was claimed is its owner's from here on. */
export function keepClaim(hold: Hold, claim: Taken): Claim {
  hold.progress = claim.progress;
  if (claim.events.length > 0) batchSize.observe(claim.events.length);
  return claim;
}

/** Chooses among the lane's unfinished events. */
function claimChosen(pool: Pool, hold: Hold, options: ClaimOptions): Promise<Taken> {
  return transaction(pool, CLAIMING, async (tx) => {
    const lease = await renewLane(tx, hold, options.leaseMs);
    const look = options.isSweep ? lookOnlyAfter(hold.progress.lowWater) : lookFrom(hold.progress);
    const { choice, top, lower, snapshot } = await chooseFromHead(tx, hold.lane, look, options.batchSize);
    const firstUnfinished = choice.chosen[0]?.seq ?? Number.POSITIVE_INFINITY;
    const first = Math.min(firstUnfinished, choice.firstLeft ?? Number.POSITIVE_INFINITY);
    const doneUpTo = Number.isFinite(first) ? first - 1 : Math.max(top, lower);
    const sight = nextSight(hold.progress.sight, { xid: lease.xid, place: hold.progress.cursor, snapshot });
    const before = { ...hold.progress, sight };
    const progress = options.isSweep ? afterSweep(before, { ...lease, doneUpTo }) : { ...before, cursor: doneUpTo };
    if (progress.lowWater > hold.progress.lowWater)
      await queryPrepared(tx, sql`update outbox_lanes set low_water = ${progress.lowWater} where lane = ${hold.lane}`);
    const seqs = choice.chosen.map((row) => row.seq);
    const events = seqs.length === 0 ? [] : await withoutGaps(tx, hold, choice, await takeEvents(tx, hold, seqs));
    return { events, isFull: choice.isFull, firstLeft: choice.firstLeft, progress };
  });
}

/** The fence of everything in the claim: the row stays locked until it commits. */
export async function renewLane(tx: Tx, hold: Hold, leaseMs: number): Promise<{ xid: bigint; oldestOpen: bigint }> {
  const [row] = await queryPrepared<{ xid: string; oldest: string }>(
    tx,
    sql`update outbox_lanes set lease_until = clock_timestamp() + make_interval(secs => ${leaseMs / 1_000}::float8)
      where lane = ${hold.lane} and token = ${hold.token}
      returning pg_current_xact_id()::text as xid, pg_snapshot_xmin(pg_current_snapshot())::text as oldest`,
  );
  if (!row) throw new LaneLostError(hold.lane);
  return { xid: BigInt(row.xid), oldestOpen: BigInt(row.oldest) };
}

/** Reads unfinished rows in order until the claim is full, the lane ends, or too many were looked at. */
async function chooseFromHead(
  tx: Tx,
  lane: number,
  from: Look,
  maxEvents: number,
): Promise<{ choice: Choice; top: number; lower: number; snapshot: string }> {
  const choice = emptyChoice();
  const pageSize = maxEvents + 1;
  let look = from;
  let first: { top: number; lower: number; snapshot: string } | null = null;
  let firstHeld: number | null = null;
  for (let seen = 0; seen < CLAIM_MAX_SCAN; ) {
    const rows: (HeadRow & HeadOf)[] = await queryPrepared(
      tx,
      headStatement(lane, look, pageSize, first?.snapshot ?? null),
    );
    const head = rows.filter((row) => row.seq !== null);
    if (!first) {
      if (!rows[0]) throw new Error(`the head of lane ${lane} was read without a row`);
      first = rows[0];
      firstHeld = rows[0].held;
    }
    chooseClaim(choice, head, { maxEvents, maxBytes: CLAIM_MAX_BYTES });
    if (choice.isFull || head.length < pageSize) break;
    seen += head.length;
    look = lookOnlyAfter(head.at(-1)?.seq ?? first.top);
  }
  if (firstHeld !== null) choice.firstLeft = Math.min(choice.firstLeft ?? firstHeld, firstHeld);
  if (!first) throw new Error(`nothing of lane ${lane} was read`);
  return { choice, top: first.top, lower: first.lower, snapshot: first.snapshot };
}

type HeadOf = { top: number; held: number | null; lower: number; snapshot: string };

// The lane's top comes from the same snapshot as its rows: what is not among them up to there is done or not
// committed yet. No lock here: a row that somebody has locked must still hold back the later ones of its key.
// Events of whoever is stopped, when the stop holds publishing, are not looked at, or they would hide the others;
// `held` is the first of them, which the low-water must not pass. A further page is read later and sees more: it leaves out
// what the first one (`seen`) could not see, for what commits between the two may lie below it. Exported for the tests.
export const headStatement = (lane: number, look: Look, limit: number, seen: string | null = null): SQL => {
  const unfinished = sql`lane = ${lane} and seq > (select lower from look) and status in ('pending', 'processing')`;
  return sql`with ${lookStatement(look)} select look.lower::float8 as lower, look.snapshot::text as snapshot, t.top::float8 as top, held.seq::float8 as held, h.seq::float8 as seq, h.tenant_id as "tenantId", h.key,
      h.status, h.available_at <= clock_timestamp() as "isDue", h.payload_bytes as "payloadBytes"
    from look cross join (select coalesce(max(seq), 0) as top from outbox_events where lane = ${lane}) t
    cross join (select exists (select from instance_stops where resumed_at is null and holds_publishing) as all_held) i
    left join lateral (select min(first.seq) as seq from (
        (select seq from outbox_events where i.all_held and ${unfinished} order by seq limit 1)
        union all
        (select e.seq from tenant_stops s cross join lateral (
          select seq from outbox_events where tenant_id = s.tenant_id and ${unfinished} order by seq limit 1) e
        where s.resumed_at is null and s.holds_publishing)) first) held on true
    left join lateral (
      select seq, tenant_id, key, status, available_at, payload_bytes from outbox_events e
      where not i.all_held and ${unfinished}
        and (${seen}::text is null or pg_visible_in_snapshot(tx, ${seen}::text::pg_snapshot)) and not exists (
        select from tenant_stops s where s.tenant_id = e.tenant_id and s.resumed_at is null and s.holds_publishing)
      order by seq limit ${limit}) h on true`;
};

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
