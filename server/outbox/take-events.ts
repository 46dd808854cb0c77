// The update of a claim, and how its rows come back.
import { type SQL, sql } from '#db/drizzle.ts';
import { queryPrepared, type Tx } from '#server/lib/index.ts';
import { CLAIM_MAX_BYTES } from './config.ts';
import type { Hold } from './lanes.ts';
import { NO_HEADERS, type OutboxEvent } from './publisher.ts';
import { type Look, lookStatement, NEAR_END } from './sight.ts';

/** A list of places as a statement's parameter: PostgreSQL reads this spelling many times faster than JSON. */
export const placesOf = (seqs: readonly number[]): string => `{${seqs.join(',')}}`;

/** Puts those pending rows of the lane under its token that nobody has locked. In order. */
export async function takeEvents(tx: Tx, hold: Hold, seqs: readonly number[]): Promise<OutboxEvent[]> {
  const rows = await queryPrepared<EventRow>(
    tx,
    sql`${takeStatement(
      hold,
      sql`seq = any (array(select seq from outbox_events where lane = ${hold.lane} and status = 'pending'
        and seq = any (${placesOf(seqs)}::text::bigint[]) for update skip locked))`,
    )} returning ${EVENT_COLUMNS}`,
  );
  return inOrder(rows);
}

/**
 * How long a stretch waits for a row or a lane that somebody else has locked: it takes its rows without a lock before, as
 * there is nothing to choose among; whoever chooses skips what is locked. Over that, what it does is done step by step.
 */
export const STRETCH_LOCK_MS = 50;

/**
 * What was taken, and the snapshot in which nothing unfinished lay before it. Not whole: a row was changed meanwhile and is
 * not there, and the others must not be sent.
 */
export type Stretch = { events: OutboxEvent[]; snapshot: string; isWhole: boolean };

/**
 * The usual case, at half the cost: takes the next unfinished rows when all of them are free, so that nothing need be
 * chosen. Null when one is not, or none is there; `readRest` tells which.
 */
export async function takeStretch(tx: Tx, hold: Hold, look: Look, limit: number): Promise<Stretch | null> {
  const rows = await queryPrepared<EventRow & { seen: number | null; snapshot: string | null }>(
    tx,
    stretchStatement(hold, look, limit),
  );
  if (rows.length === 0) return null;
  const events = inOrder(rows);
  // Said once, in the first row of the stretch.
  const { seen = null, snapshot = null } = rows[0] ?? {};
  // Its first row may be what is not there.
  const isWhole = seen !== null && snapshot !== null && rows.length >= seen;
  return { events, snapshot: snapshot ?? '', isWhole };
}

const UPPER = sql`(select upper from look)`;
const isBeyond = (lane: number): SQL => sql`exists (select from outbox_events where lane = ${lane} and seq > ${UPPER})`;

/** `isLonger`: there are rows behind those that a stretch goes over. `isEmpty`: there is no unfinished one at all, in that snapshot. */
export type Rest = { isLonger: boolean; isEmpty: boolean; snapshot: string };

/**
 * What is left of a lane behind a stretch, or where there was none; sent with it, as a full one is not asked much. A look that
 * began lower meanwhile says so the sooner.
 */
export async function readRest(tx: Tx, lane: number, look: Look): Promise<Rest> {
  const [row] = await queryPrepared<Rest>(tx, restStatement(lane, look));
  return row ?? { isLonger: true, isEmpty: false, snapshot: '' };
}

// Exported for the test that holds its cost.
export const restStatement = (lane: number, look: Look): SQL => sql`with ${lookStatement(look, NEAR_END)}
  select snapshot::text, b."isLonger", not b."isLonger" and not exists (select from outbox_events
    where lane = ${lane} and seq > lower and seq <= ${UPPER} and status in ('pending', 'processing')) as "isEmpty"
  from look, lateral (select ${isBeyond(lane)} as "isLonger") b`;

// The next unfinished rows of a lane, what committed late among them, without a lock. Of another claim's, one that waits
// and any stop that holds publishing are reasons to choose. The update is of the same snapshot, so it finds the same rows; one that
// was changed since is left out, and missed by whoever counts what came back.
// Exported for the test that holds its plan.
export const stretchStatement = (hold: Pick<Hold, 'lane' | 'token'>, look: Look, limit: number): SQL =>
  sql`with ${lookStatement(look, NEAR_END)}, stretch as materialized (
      select count(*)::int as seen, min(seq) as first, max(seq) as last,
        count(*) = count(*) filter (where status = 'pending' and available_at <= clock_timestamp())
          and sum(payload_bytes) <= ${CLAIM_MAX_BYTES}
          and not exists (select from instance_stops where resumed_at is null and holds_publishing)
          and not exists (select from tenant_stops where resumed_at is null and holds_publishing) as is_free
      from (select seq, status, available_at, payload_bytes from outbox_events
        where lane = ${hold.lane} and seq > (select lower from look) and seq <= ${UPPER} and status in ('pending', 'processing')
        order by seq limit ${limit}) next)
    ${takeStatement(
      hold,
      sql`seq >= (select first from stretch where is_free) and seq <= (select last from stretch where is_free)`,
    )}
    returning ${EVENT_COLUMNS}, case when seq = (select first from stretch) then (select seen from stretch) end as seen,
      case when seq = (select first from stretch) then (select snapshot::text from look) end as snapshot`;

const takeStatement = (hold: Pick<Hold, 'lane' | 'token'>, which: SQL): SQL =>
  sql`update outbox_events set status = 'processing', claim_token = ${hold.token}, updated_at = clock_timestamp()
    where lane = ${hold.lane} and status = 'pending' and ${which}`;

// Most events have no headers: those are not spelled, sent and parsed.
const EVENT_COLUMNS = sql`seq::float8 as seq, id, tenant_id as "tenantId", type, key, payload::text as payload,
  nullif(headers, '{}') as headers, attempts, created_at as "createdAt"`;

/** An event as it comes back: its instant as PostgreSQL spells it, no headers as null. */
type EventRow = Omit<OutboxEvent, 'headers'> & { headers: OutboxEvent['headers'] | null };

function inOrder(rows: EventRow[]): OutboxEvent[] {
  rows.sort((a, b) => a.seq - b.seq);
  for (const row of rows) {
    row.headers ??= NO_HEADERS;
    row.createdAt = toInstant(row.createdAt);
  }
  return rows as OutboxEvent[];
}

/** `2026-11-21 10:00:00.12+00` as `2026-11-21T10:00:00.120Z`: a Date each would be a tenth of a claim's work here. */
export function toInstant(text: string): string {
  if (!/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,3})?\+00$/.test(text)) return new Date(text).toISOString();
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${text.slice(20, -3).padEnd(3, '0')}Z`;
}
