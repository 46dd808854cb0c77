// Tells the others that this process is here.
import { hostname } from 'node:os';
import { sql } from 'drizzle-orm';
import type { Pool } from '#db/client.ts';
import { type Logger, logError, transaction } from '#server/lib/index.ts';

const BEAT_MS = 10_000;
/** Rows of processes that have been silent this long are removed. */
const FORGET = '1 day';

export type HeartbeatConfig = { pool: Pool; log: Logger; processId: string; tier: string; version: string };

/** Beats until stopped; stopping removes the row, so that a planned stop does not look like a death. */
export function heartbeat(config: HeartbeatConfig) {
  const { pool, log, processId } = config;
  let timer: NodeJS.Timeout | undefined;
  let isFailing = false;

  const runOnce = () =>
    transaction(pool, { statementTimeoutMs: 5_000 }, async (tx) => {
      await tx.execute(sql`insert into processes (id, tier, host, pid, version) values
          (${processId}, ${config.tier}, ${hostname()}, ${process.pid}::int, ${config.version})
        on conflict (id) do update set last_seen_at = now()`);
      await tx.execute(sql`delete from processes where last_seen_at < now() - ${FORGET}::interval`);
    });

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
