// A publisher's turn of a lane in one statement: it renews the lease, marks what was sent, and takes the next events in the usual
// case, that all of them are free. It is a transaction by itself, one round trip, and done once it is sent.
import type { Pool } from '#db/client.ts';
import { type SQL, sql } from '#db/drizzle.ts';
import { queryAlone } from '#server/lib/index.ts';
import { CLAIM_MAX_BYTES } from './config.ts';
import type { Hold } from './lanes.ts';
import type { OutboxEvent } from './publisher.ts';
import { isBeyond, type Look, lookStatement, NEAR_END } from './sight.ts';
import { EVENT_COLUMNS, type EventRow, inOrder, takeStatement } from './take-events.ts';
import { noteTurn } from './turn-numbers.ts';

/**
 * How long a turn waits for a row or a lane that somebody else has locked: it takes its rows without a lock before, as
 * there is nothing to choose among; whoever chooses skips what is locked. Over that, what it does is done step by step.
 */
export const TURN_LOCK_MS = 50;

/** A claim of which all was published: its first and last place, and how many events of which tenant. */
export type Sent = { first: number; last: number; tenants: string; counts: string };

/**
 * What was taken, and of what it was taken: `seen`, the unfinished rows in `snapshot`, which is older than the transaction `xid`.
 * Fewer events than seen: a row was changed meanwhile and is not there, and the others must not be sent. `isLonger`: more lies behind
 * them. `nowMs`: the database's time of the mark.
 */
export type Turn = {
  events: OutboxEvent[];
  of: { xid: bigint; snapshot: string; seen: number; isLonger: boolean; nowMs: number } | null;
};

/**
 * With no event when none is there or one is not free; without `of` also when the first one was changed meanwhile.
 * @throws what `isLaneLost`, TAKEN_AWAY and `isLockTimeout` tell: then nothing of it is done
 */
export async function takeTurn(
  pool: Pool,
  hold: Hold,
  look: Look,
  options: { leaseMs: number; batchSize: number; sent: Sent | null },
): Promise<Turn> {
  const rows = await queryAlone<EventRow & { turn: string | null }>(pool, turnStatement(hold, look, options));
  const events = inOrder(rows);
  const turn = rows.find((row) => row.turn)?.turn;
  if (!turn) return { events, of: null };
  const { xid, ...of } = JSON.parse(turn) as Omit<NonNullable<Turn['of']>, 'xid'> & { xid: string };
  noteTurn(hold.turns, BigInt(xid));
  return { events, of: { ...of, xid: BigInt(xid) } };
}

/** Marks without a turn: the lane is not claimed any further, nor its lease renewed. Returns the database's time in milliseconds. */
export async function markSent(pool: Pool, hold: Hold, sent: Sent): Promise<number> {
  const [row] = await queryAlone<{ nowMs: number }>(
    pool,
    sql`select outbox_mark_published(${hold.lane}, ${hold.token}, ${hold.id}, ${sent.first}, ${sent.last}, ${sent.tenants}::text::uuid[],
      ${sent.counts}::text::bigint[]) as "nowMs" from outbox_begin_turn(${TURN_LOCK_MS})`,
  );
  return row?.nowMs ?? 0;
}

/**
 * When a turn marked that took nothing, and so said nothing; in milliseconds.
 * @throws when nothing of it is marked: its events are taken back with the lane
 */
export async function markedAtMs(
  pool: Pool,
  hold: Pick<Hold, 'lane' | 'token'>,
  { last }: Pick<Sent, 'last'>,
): Promise<number> {
  const [row] = await queryAlone<{ nowMs: number; isMarked: boolean }>(
    pool,
    sql`select date_part('epoch', clock_timestamp()) * 1000 as "nowMs", exists (select from outbox_events
      where lane = ${hold.lane} and seq = ${last} and status = 'published' and claim_token = ${hold.token}) as "isMarked"`,
  );
  if (!row?.isMarked) throw new Error(`a turn of lane ${hold.lane} did not mark what was sent`);
  return row.nowMs;
}

const UPPER = sql`(select upper from turn)`;

// The function comes before all that reads from `turn`, and so the lane's row is locked before its events. But its marks are not seen by
// the statement that calls it: what it has marked is left out by its place. The next unfinished rows are read without a lock; one of another
// claim's, one that waits, and any stop that holds publishing are reasons to choose. The update is of the same snapshot, so it finds the
// same rows; one that was changed since is left out, and missed by whoever counts what came back. What the turn says of itself is
// said once, with its first event.
// Exported for the tests that hold its plan and cost.
export const turnStatement = (
  hold: Pick<Hold, 'lane' | 'token' | 'id'>,
  look: Look,
  { leaseMs, batchSize, sent }: { leaseMs: number; batchSize: number; sent: Sent | null },
): SQL => {
  const [first, last] = [sent?.first ?? 0, sent?.last ?? -1];
  return sql`with ${lookStatement(look, NEAR_END)}, turn as materialized (
      select look.*, t.xid, t.now_ms from look, outbox_turn(${hold.lane}, ${hold.token}, ${hold.id}, ${leaseMs / 1_000}, lower, upper,
        ${TURN_LOCK_MS}, ${first}, ${last}, ${sent?.tenants ?? null}::text::uuid[], ${sent?.counts ?? null}::text::bigint[]) t),
    stretch as materialized (
      select count(*)::int as seen, min(seq) as first, max(seq) as last,
        coalesce(count(*) = count(*) filter (where status = 'pending' and available_at <= (select clock_timestamp()))
          and sum(payload_bytes) <= ${CLAIM_MAX_BYTES}
          and not exists (select from instance_stops where resumed_at is null and holds_publishing)
          and not exists (select from tenant_stops where resumed_at is null and holds_publishing), false) as is_free
      from (select seq, status, available_at, payload_bytes from outbox_events
        where lane = ${hold.lane} and seq > (select lower from turn) and seq <= ${UPPER} and status in ('pending', 'processing')
          and (status = 'pending' or claim_token is distinct from ${hold.token} or not seq between ${first} and ${last})
        order by seq limit ${batchSize}) next)
    ${takeStatement(
      hold,
      sql`seq >= (select first from stretch where is_free) and seq <= (select last from stretch where is_free)`,
    )} returning ${EVENT_COLUMNS}, case when seq = (select first from stretch) then (
      select json_build_object('xid', xid, 'nowMs', coalesce(now_ms, 0), 'snapshot', snapshot::text, 'seen', seen, 'isLonger',
        seen >= ${batchSize} or ${isBeyond(sql`${hold.lane}`, UPPER)})::text
      from turn, stretch) end as turn`;
};
