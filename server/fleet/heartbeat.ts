// Tells the others that this process is here, and follows the log level that was set for it.
import { hostname } from 'node:os';
import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { type Logger, logError, type Tx, transaction } from '#server/lib/index.ts';
import { effectiveLevel, readOpenLevels } from './log-level.ts';

const BEAT_MS = 10_000;
/** Rows of processes that have been silent this long are removed. */
const FORGET = '1 day';

export type HeartbeatConfig = { pool: Pool; log: Logger; processId: string; tier: string; version: string };

/** Beats until stopped; stopping removes the row, so that a planned stop does not look like a death. */
export function heartbeat(config: HeartbeatConfig) {
  const { pool, log, processId, tier } = config;
  const baseLevel = log.level;
  let timer: NodeJS.Timeout | undefined;
  let isFailing = false;

  const runOnce = () =>
    transaction(pool, { statementTimeoutMs: 5_000 }, async (tx) => {
      await followLogLevel(tx);
      const info = JSON.stringify({ logLevel: { base: baseLevel, effective: log.level } });
      await tx.execute(sql`insert into processes (id, tier, host, pid, version, info) values
          (${processId}, ${tier}, ${hostname()}, ${process.pid}::int, ${config.version}, ${info}::jsonb)
        on conflict (id) do update set last_seen_at = now(), info = processes.info || excluded.info`);
      await tx.execute(sql`delete from processes where last_seen_at < now() - ${FORGET}::interval`);
    });

  async function followLogLevel(tx: Tx): Promise<void> {
    const set = effectiveLevel(await readOpenLevels(tx), { processId, tier });
    const level = set?.level ?? baseLevel;
    if (level === log.level) return;
    log.warn(
      { from: log.level, to: level, until: set?.until ?? null, scope: set?.scope ?? null },
      'the log level changes',
    );
    log.level = level;
  }

  async function beat(): Promise<void> {
    try {
      await runOnce();
      isFailing = false;
    } catch (error) {
      if (!isFailing) logError(log, error, 'heartbeat failed; retrying until it succeeds');
      isFailing = true;
    }
  }

  return {
    runOnce,
    async start() {
      await beat();
      timer = setInterval(() => void beat(), BEAT_MS);
    },
    async stop() {
      clearInterval(timer);
      await transaction(pool, { statementTimeoutMs: 2_000 }, (tx) =>
        tx.execute(sql`delete from processes where id = ${processId}`),
      ).catch((error: unknown) => logError(log, error, 'could not sign off'));
    },
  };
}
