import { sql } from 'drizzle-orm';
import type { Pool } from '#db/client.ts';
import { type Logger, query, transaction } from '#server/lib/index.ts';
import { REAPER_STALENESS_SECONDS } from './config.ts';
import { wakePublishers } from './wake.ts';

export type ReapResult = {
  status: 'ok';
  stalenessSeconds: number;
  resetCount: number;
  durationMs: number;
  timestamp: string;
};

/**
 * Sets events that have been in processing for longer than `staleness` seconds back to pending, in one statement;
 * the net below the takeover of lanes. Whoever held them cannot mark them any more. `staleness` is
 * OUTBOX_REAPER_STALENESS_SECONDS as it was given: what is no positive whole number falls back to 300 with a warning.
 */
export async function reapEvents(
  deps: { pool: Pool; log: Logger },
  staleness: string | undefined,
): Promise<ReapResult> {
  const started = performance.now();
  const stalenessSeconds = stalenessOf(staleness, deps.log);
  const reset = await transaction(deps.pool, {}, (tx) =>
    query(
      tx,
      sql`update outbox_events e set status = 'pending', claim_token = null, updated_at = clock_timestamp()
        from outbox_lanes l
        where e.lane = l.lane and e.seq > l.low_water and e.status = 'processing'
          and e.updated_at < clock_timestamp() - make_interval(secs => ${stalenessSeconds})
        returning 1 as one`,
    ),
  );
  if (reset.length > 0) wakePublishers();
  return {
    status: 'ok',
    stalenessSeconds,
    resetCount: reset.length,
    durationMs: Math.round(performance.now() - started),
    timestamp: new Date().toISOString(),
  };
}

function stalenessOf(given: string | undefined, log: Logger): number {
  if (given === undefined || given === '') return REAPER_STALENESS_SECONDS;
  const seconds = Number(given);
  if (Number.isInteger(seconds) && seconds > 0 && seconds <= 31_536_000) return seconds;
  log.warn(
    { given, used: REAPER_STALENESS_SECONDS },
    'OUTBOX_REAPER_STALENESS_SECONDS is not a positive whole number of seconds; the default is used',
  );
  return REAPER_STALENESS_SECONDS;
}
