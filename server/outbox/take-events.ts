// The update of a claim, and how its rows come back.
import { type SQL, sql } from '#db/drizzle.ts';
import { queryPrepared, type Tx } from '#server/lib/index.ts';
import type { Hold } from './lanes.ts';
import { NO_HEADERS, type OutboxEvent } from './publisher.ts';

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

export const takeStatement = (hold: Pick<Hold, 'lane' | 'token'>, which: SQL): SQL =>
  sql`update outbox_events set status = 'processing', claim_token = ${hold.token}, updated_at = (select clock_timestamp()::timestamptz(3))
    where lane = ${hold.lane} and status = 'pending' and ${which}`;

// Most events have no headers: `{}` is not spelled, sent and parsed. Whole numbers cost less to spell than floats, and are exact.
export const EVENT_COLUMNS = sql`seq, id, tenant_id as "tenantId", type, key, payload::text as payload,
  case when headers_bytes > 2 then headers end as headers, attempts, (date_part('epoch', created_at) * 1000)::bigint as "createdAtMs"`;

/** An event as it comes back: a bigint as its digits, no headers as null. */
export type EventRow = Omit<OutboxEvent, 'seq' | 'createdAtMs' | 'headers'> & {
  seq: string;
  createdAtMs: string;
  headers: OutboxEvent['headers'] | null;
};

/** The same objects: a copy of each would be a good part of what reading them costs. */
export function inOrder(rows: EventRow[]): OutboxEvent[] {
  const events = rows as unknown as OutboxEvent[];
  for (const event of events) {
    event.seq = Number(event.seq);
    event.createdAtMs = Number(event.createdAtMs);
    event.headers ??= NO_HEADERS;
  }
  return events.sort((a, b) => a.seq - b.seq);
}
