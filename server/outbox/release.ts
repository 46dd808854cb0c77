// What was claimed and is not sent goes back.
import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { query, transaction } from '#server/lib/index.ts';
import type { Hold } from './lanes.ts';
import { processed } from './metrics.ts';
import type { OutboxEvent } from './publisher.ts';
import { placesOf } from './take-events.ts';

/** Gives back what was claimed and not known to be sent. No attempt is counted. `failure`: of all of it, in words of ours. */
export async function releaseEvents(
  pool: Pool,
  hold: Hold,
  seqs: readonly number[],
  failure: { message: string; errorId: string } | null,
): Promise<number> {
  const released = await transaction(pool, { statementTimeoutMs: 5_000, idleTimeoutMs: 5_000 }, (tx) =>
    query(
      tx,
      sql`update outbox_events set status = 'pending', claim_token = null, updated_at = clock_timestamp(),
          last_error = coalesce(${failure?.message ?? null}::text, last_error),
          error_id = coalesce(${failure?.errorId ?? null}::text, error_id)
        where lane = ${hold.lane} and claim_token = ${hold.token} and status = 'processing'
          and seq = any (${placesOf(seqs)}::text::bigint[])
        returning 1 as one`,
    ),
  );
  if (released.length > 0) processed.labels('released').inc(released.length);
  return released.length;
}

/**
 * Gives back what a turn took that is committed and not whole. Should that fail the lane is taken anew, and until then nobody else
 * may send it.
 */
export const giveBack = (pool: Pool, hold: Hold, events: readonly OutboxEvent[]): Promise<number> =>
  releaseEvents(
    pool,
    hold,
    events.map(({ seq }) => seq),
    null,
  );
