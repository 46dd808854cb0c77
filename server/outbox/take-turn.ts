// A publisher's turn of a lane in one statement: it renews the lease, marks what was sent, and takes the next events in the usual
// case, that all of them are free. It is a transaction by itself, one round trip, and done once it is sent.
import type { Pool } from '#db/client.ts';
import { type SQL, sql } from '#db/drizzle.ts';
import { queryAlone } from '#server/lib/index.ts';
import { CLAIM_MAX_BYTES, MAX_WALK } from './config.ts';
import type { Hold } from './lanes.ts';
import type { OutboxEvent } from './publisher.ts';
import { type Look, lookStatement, NEAR_END } from './sight.ts';
import { EVENT_COLUMNS, type EventRow, inOrder, takeStatement } from './take-events.ts';

/**
 * How long a turn waits for a row or a lane that somebody else has locked: it takes its rows without a lock before, as
 * there is nothing to choose among; whoever chooses skips what is locked. Over that, what it does is done step by step.
 */
export const TURN_LOCK_MS = 50;

/** A claim of which all was published: its first and last place, and how many events of which tenant. */
export type Sent = { first: number; last: number; tenants: string; counts: string };

/**
 * `seen`: unfinished rows of those that were gone over, up to the limit; taken are all of them or, when one is not free, none.
 * Fewer than seen: a row was changed meanwhile and is not there, and the others must not be sent. `isLonger`: more lies behind them.
 * `nowMs`: the database's time of the mark.
 */
export type Turn = {
  xid: bigint;
  nowMs: number;
  /** In which the rows were seen. It is older than `xid`. */
  snapshot: string;
  seen: number;
  isFree: boolean;
  isLonger: boolean;
  events: OutboxEvent[];
};

/** @throws what `isLaneLost`, `isTakenAway` and `isLockTimeout` tell: then nothing of it is done */
export async function takeTurn(
  pool: Pool,
  hold: Hold,
  look: Look,
  options: { leaseMs: number; batchSize: number; sent: Sent | null },
): Promise<Turn> {
  const [head, ...rows] = await queryAlone<EventRow & { turn: string }>(pool, turnStatement(hold, look, options));
  if (!head) throw new Error(`the turn of lane ${hold.lane} said nothing`);
  const turn = JSON.parse(head.turn) as Omit<Turn, 'xid' | 'events'> & { xid: string };
  return { ...turn, xid: BigInt(turn.xid), events: inOrder(rows) };
}

/** Marks without a turn: the lane is not claimed any further, nor its lease renewed. Returns the database's time in milliseconds. */
export async function markSent(pool: Pool, hold: Pick<Hold, 'lane' | 'token'>, sent: Sent): Promise<number> {
  const [row] = await queryAlone<{ nowMs: number }>(
    pool,
    sql`select outbox_mark_published(${hold.lane}, ${hold.token}, ${sent.first}, ${sent.last}, ${sent.tenants}::text::uuid[],
      ${sent.counts}::text::bigint[]) as "nowMs" from outbox_begin_turn(${TURN_LOCK_MS})`,
  );
  return row?.nowMs ?? 0;
}

const UPPER = sql`(select upper from look)`;

// The function comes first, as `look` reads from it, and so the lane's row is locked before its events. But its marks are not seen by the
// statement that calls it: what it has marked is left out by its place. The next unfinished rows are read without a lock; one of another
// claim's, one that waits, and any stop that holds publishing are reasons to choose. The update is of the same snapshot, so it finds the
// same rows; one that was changed since is left out, and missed by whoever counts what came back.
// Exported for the tests that hold its plan and cost.
export const turnStatement = (
  hold: Pick<Hold, 'lane' | 'token' | 'id'>,
  look: Look,
  { leaseMs, batchSize, sent }: { leaseMs: number; batchSize: number; sent: Sent | null },
): SQL => {
  const [first, last] = [sent?.first ?? 0, sent?.last ?? -1];
  return sql`with turn as materialized (
      select xid, now_ms from outbox_turn(${hold.lane}, ${hold.token}, ${hold.id}, ${leaseMs / 1_000}, ${look.newer + MAX_WALK},
        ${TURN_LOCK_MS}, ${first}, ${last}, ${sent?.tenants ?? null}::text::uuid[], ${sent?.counts ?? null}::text::bigint[])),
    ${lookStatement(look, NEAR_END, sql`turn, `)},
    stretch as materialized (
      select count(*)::int as seen, min(seq) as first, max(seq) as last,
        coalesce(count(*) = count(*) filter (where status = 'pending' and available_at <= clock_timestamp())
          and sum(payload_bytes) <= ${CLAIM_MAX_BYTES}
          and not exists (select from instance_stops where resumed_at is null and holds_publishing)
          and not exists (select from tenant_stops where resumed_at is null and holds_publishing), false) as is_free
      from (select seq, status, available_at, payload_bytes from outbox_events
        where lane = ${hold.lane} and seq > (select lower from look) and seq <= ${UPPER} and status in ('pending', 'processing')
          and (status = 'pending' or claim_token is distinct from ${hold.token} or not seq between ${first} and ${last})
        order by seq limit ${batchSize}) next),
    taken as (${takeStatement(
      hold,
      sql`seq >= (select first from stretch where is_free) and seq <= (select last from stretch where is_free)`,
    )} returning ${EVENT_COLUMNS})
    select null::float8 as seq, null::uuid as id, null::uuid as "tenantId", null::text as type, null::text as key,
      null::text as payload, null::jsonb as headers, null::int as attempts, null::timestamptz as "createdAt",
      json_build_object('xid', xid, 'nowMs', coalesce(now_ms, 0), 'snapshot', snapshot::text, 'seen', seen, 'isFree', is_free, 'isLonger',
        seen >= ${batchSize} or exists (select from outbox_events where lane = ${hold.lane} and seq > ${UPPER}))::text as turn
    from turn, look, stretch
    union all select taken.*, null from taken`;
};
