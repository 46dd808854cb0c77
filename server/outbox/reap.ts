import type { Pool } from '#db/client.ts';
import { type SQL, sql } from '#db/drizzle.ts';
import { type Logger, query, transaction } from '#server/lib/index.ts';
import { aboveLowWater, type LowWater, readLowWaters } from './backlog.ts';
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
  deps: { pool: Pool; log: Logger; beforeCommit?: () => void },
  staleness: string | undefined,
): Promise<ReapResult> {
  const started = performance.now();
  const stalenessSeconds = stalenessSecondsOf(staleness);
  warnOfStaleness(staleness, stalenessSeconds, deps.log);
  const reset = await transaction(deps.pool, {}, async (tx) => {
    const rows = await query(tx, reapStatement(await readLowWaters(tx), stalenessSeconds));
    deps.beforeCommit?.();
    return rows;
  });
  if (reset.length > 0) wakePublishers();
  return {
    status: 'ok',
    stalenessSeconds,
    resetCount: reset.length,
    durationMs: Math.round(performance.now() - started),
    timestamp: new Date().toISOString(),
  };
}

export const reapStatement = (lanes: readonly LowWater[], stalenessSeconds: number): SQL =>
  sql`update outbox_events e set status = 'pending', claim_token = null, updated_at = clock_timestamp()
    where ${aboveLowWater(lanes)} and e.status = 'processing'
      and e.updated_at < clock_timestamp() - make_interval(secs => ${stalenessSeconds})
    returning 1 as one`;

/** The seconds that a reaper goes by: 300 for what is no positive whole number. */
export function stalenessSecondsOf(given: string | undefined): number {
  const seconds = Number(given || Number.NaN);
  return Number.isInteger(seconds) && seconds > 0 && seconds <= 31_536_000 ? seconds : REAPER_STALENESS_SECONDS;
}

function warnOfStaleness(given: string | undefined, used: number, log: Logger): void {
  if (!given || Number(given) === used) return;
  log.warn(
    { given, used },
    'OUTBOX_REAPER_STALENESS_SECONDS is not a positive whole number of seconds; the default is used',
  );
}
