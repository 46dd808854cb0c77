// Who publishes which lane. A lane has one owner at a time, by a lease in the database; the token grows with every
// change of hands and stands on every row that its owner claims.

import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { newId, query, queryOne, type Tx, transaction } from '#server/lib/index.ts';
import { LANES, PUBLISHER_SILENT_SECONDS } from './config.ts';
import { walkEnd } from './sight.ts';
import { type Progress, startProgress } from './states.ts';
import type { TurnNumbers } from './turn-numbers.ts';

/** `id` is of this hold alone, whatever becomes of the lane's token in a failover; `turns` are of its publisher's other lanes, too. */
export type Hold = { lane: number; token: number; id: string; progress: Progress; turns: TurnNumbers };
export type PublisherIdentity = { id: string; host: string; pid: number; backend: string };

/**
 * Says that this publisher lives, and for how long its sends have failed (null: the last one did not). Returns its
 * fair share of the lanes among those that live: a sign of the far future is of before the database's clock was set back.
 */
export async function signOn(
  pool: Pool,
  me: PublisherIdentity,
  leaseMs: number,
  failingForMs: number | null = null,
): Promise<number> {
  return transaction(pool, { statementTimeoutMs: 5_000 }, async (tx) => {
    await tx.execute(sql`insert into outbox_publishers (id, host, pid, backend, last_seen_at, failing_since)
      values (${me.id}, ${me.host}, ${me.pid}, ${me.backend}, clock_timestamp(),
        clock_timestamp() - make_interval(secs => ${failingForMs === null ? null : failingForMs / 1_000}::float8))
      on conflict (id) do update set last_seen_at = clock_timestamp(), backend = excluded.backend,
        failing_since = excluded.failing_since`);
    await tx.execute(sql`delete from outbox_publishers where last_seen_at < clock_timestamp() - interval '1 day'`);
    const { living } = await queryOne<{ living: number }>(
      tx,
      sql`select count(*)::int as living from outbox_publishers
        where last_seen_at between clock_timestamp() - make_interval(secs => ${leaseMs / 1_000}::float8)
          and clock_timestamp() + make_interval(secs => ${leaseMs / 1_000}::float8)`,
    );
    return Math.ceil(LANES / Math.max(1, living));
  });
}

/**
 * Takes up to `limit` lanes whose lease has run out, or which are this publisher's own but not among `held`: then it
 * does not know what it left there. What their last token claimed and did not finish is pending again.
 */
export async function takeLanes(
  pool: Pool,
  options: { owner: string; leaseMs: number; limit: number; held: readonly Pick<Hold, 'lane' | 'id' | 'turns'>[] },
): Promise<Hold[]> {
  if (options.limit <= 0) return [];
  const heldLanes = JSON.stringify(options.held.map(({ lane }) => lane));
  return transaction(pool, { statementTimeoutMs: 30_000, idleTimeoutMs: 5_000 }, async (tx) => {
    const taken = await query<{ lane: number; token: number; lowWater: number } & Claimed>(
      tx,
      sql`with free as (
          select lane from outbox_lanes
          where (owner is null or owner = ${options.owner} or lease_until is null or lease_until < clock_timestamp())
            and not lane = any (array(select value::smallint from jsonb_array_elements_text(${heldLanes}::jsonb)))
          order by (owner is not distinct from ${options.owner}) desc, lane limit ${options.limit} for update skip locked)
        update outbox_lanes l set owner = ${options.owner}, token = l.token + 1,
          lease_until = clock_timestamp() + make_interval(secs => ${options.leaseMs / 1_000}::float8)
        from free where l.lane = free.lane
        returning l.lane, l.token::float8 as token, l.low_water::float8 as "lowWater", ${CLAIMED}`,
    );
    if (taken.length === 0) return [];
    const turns = await turnsOfThisServer(tx, options.held);
    const holds = taken.map((lane) => ({ ...lane, id: newId(), progress: startProgress(lane.lowWater) }));
    for (const { lane, token, id, ...claimed } of holds) {
      await tx.execute(sql`insert into outbox_lane_owners (lane, hold_id) values (${lane}, ${id})
        on conflict (lane) do update set hold_id = excluded.hold_id`);
      await releaseClaimed(tx, { ...claimed, lane, token: token - 1 });
    }
    return holds.map(({ lane, token, id, progress }) => ({ lane, token, id, progress, turns }));
  });
}

/**
 * Those of a held lane that is in the table: a crash or a failover would have emptied it, so the numbers of that lane's turns are of this
 * life of this server; and so are those of whoever shares them, who came to them in the same way. Else a new set.
 */
async function turnsOfThisServer(tx: Tx, held: readonly Pick<Hold, 'id' | 'turns'>[]): Promise<TurnNumbers> {
  if (held.length === 0) return new Set();
  const rows = await query<{ id: string }>(
    tx,
    sql`select hold_id as id from outbox_lane_owners where hold_id = any (${`{${held.map(({ id }) => id).join(',')}}`}::text::uuid[])`,
  );
  return held.find(({ id }) => rows.some((row) => row.id === id))?.turns ?? new Set();
}

/** Between which places a lane's last claim lies. */
type Claimed = { claimedFrom: number; claimedTo: number };
const CLAIMED = sql`l.claimed_from::float8 as "claimedFrom", l.claimed_to::float8 as "claimedTo"`;

/**
 * What a token claimed and did not finish is pending again. The lane's row must be locked, so that none is claimed meanwhile.
 * A claim lies within one walk; those of a release that did not say where they are may not, and are gone over in as many.
 */
async function releaseClaimed(tx: Tx, of: { lane: number; token: number } & Claimed): Promise<void> {
  for (let from: number | null = of.claimedFrom; from !== null && from < of.claimedTo; ) {
    const rows: { beyond: number | null }[] = await query(tx, releaseStatement({ ...of, from }));
    const beyond = rows[0]?.beyond ?? null;
    from = beyond === null ? null : beyond - 1;
  }
}

type Walk = { lane: number; from: number; claimedTo: number; token: number };

// `beyond`: the first place behind those. Exported for the test that holds its cost.
export const releaseStatement = ({ lane, from, claimedTo, token }: Walk) => sql`
  with walked as materialized (
    select least(${claimedTo}::bigint, ${walkEnd(sql`${lane}`, sql`${from}::bigint`)}) as upper), released as (
    update outbox_events set status = 'pending', claim_token = null, updated_at = clock_timestamp()
    where lane = ${lane} and seq > ${from} and seq <= (select upper from walked) and status = 'processing' and claim_token = ${token})
  select (select seq from outbox_events where lane = ${lane} and seq > walked.upper order by seq limit 1)::float8 as beyond from walked`;

/** Gives lanes back at once, with nothing of theirs in flight, so that nobody waits for the lease. */
export async function returnLanes(pool: Pool, holds: readonly Hold[]): Promise<void> {
  if (holds.length === 0) return;
  const given = JSON.stringify(holds.map(({ lane, token }) => ({ lane, token })));
  await transaction(pool, { statementTimeoutMs: 5_000 }, async (tx) => {
    // The lanes' rows first, as whoever takes a lane over locks them; one that has changed hands is left alone.
    const own = await query<{ lane: number; token: number } & Claimed>(
      tx,
      sql`select l.lane, l.token::float8 as token, ${CLAIMED}
        from jsonb_to_recordset(${given}::jsonb) as g(lane smallint, token bigint)
        join outbox_lanes l on l.lane = g.lane and l.token = g.token order by l.lane for update of l`,
    );
    for (const { lane, token, ...claimed } of own) {
      await releaseClaimed(tx, { ...claimed, lane, token });
      await tx.execute(
        sql`update outbox_lanes set owner = null, lease_until = null where lane = ${lane} and token = ${token}`,
      );
    }
  });
}

/**
 * The sign of one that gave up and is started again later stays, as of one that is silent: it has no share of the lanes, and says since when
 * nothing could be published.
 */
export async function signGivenUp(pool: Pool, id: string, leaseMs: number): Promise<void> {
  const silentSeconds = Math.max(leaseMs / 1_000, PUBLISHER_SILENT_SECONDS);
  await transaction(pool, { statementTimeoutMs: 5_000 }, (tx) =>
    tx.execute(sql`update outbox_publishers set failing_since = coalesce(failing_since, clock_timestamp()),
      last_seen_at = clock_timestamp() - make_interval(secs => ${silentSeconds}::float8) where id = ${id}`),
  );
}

/** Takes this publisher off the list of the living. */
export async function signOff(pool: Pool, id: string): Promise<void> {
  await transaction(pool, { statementTimeoutMs: 5_000 }, (tx) =>
    tx.execute(sql`delete from outbox_publishers where id = ${id}`),
  );
}
