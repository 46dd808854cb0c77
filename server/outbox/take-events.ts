// The update of a claim, and how its rows come back.
import { sql } from 'drizzle-orm';
import { queryPrepared, type Tx } from '#server/lib/index.ts';
import type { Hold } from './lanes.ts';
import type { OutboxEvent } from './publisher.ts';

/** A list of places as a statement's parameter: PostgreSQL reads this spelling many times faster than JSON. */
export const placesOf = (seqs: readonly number[]): string => `{${seqs.join(',')}}`;

/**
 * Puts pending rows of the lane under its token, in order, but for those that somebody has locked: `places` is
 * what placesOf made, or PostgreSQL's own spelling of a bigint[].
 */
export async function takeEvents(tx: Tx, hold: Hold, places: string): Promise<OutboxEvent[]> {
  const rows = await queryPrepared<OutboxEvent>(
    tx,
    sql`update outbox_events set status = 'processing', claim_token = ${hold.token}, updated_at = clock_timestamp()
      where lane = ${hold.lane} and status = 'pending' and seq = any (array(
        select seq from outbox_events where lane = ${hold.lane} and status = 'pending' and seq = any (${places}::text::bigint[])
        for update skip locked))
      returning seq::float8 as seq, id, tenant_id as "tenantId", type, key, payload::text as payload, headers,
        attempts, created_at as "createdAt"`,
  );
  rows.sort((a, b) => a.seq - b.seq);
  for (const row of rows) row.createdAt = toInstant(row.createdAt);
  return rows;
}

/** `2026-11-21 10:00:00.12+00` as `2026-11-21T10:00:00.120Z`: a Date each would be a tenth of a claim's work here. */
export function toInstant(text: string): string {
  if (!/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,3})?\+00$/.test(text)) return new Date(text).toISOString();
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${text.slice(20, -3).padEnd(3, '0')}Z`;
}
