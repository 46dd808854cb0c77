import { setTimeout as pause } from 'node:timers/promises';
import type { Pool } from '../client.ts';

const DEADLINE_MS = 60_000;

/**
 * Waits until every transaction that runs now has ended. What reads below the oldest running transaction then sees all
 * that the test has written: the files of a run share one server, and others' transactions hold that horizon too.
 * @throws Error when one is still open after a minute
 */
export async function passHorizon(pool: Pool): Promise<void> {
  const [own] = await pool<{ xid: string }[]>`select pg_current_xact_id()::text as xid`;
  const untilMs = performance.now() + DEADLINE_MS;
  for (;;) {
    const [now] = await pool<{ isPast: boolean }[]>`
      select pg_snapshot_xmin(pg_current_snapshot()) > ${own!.xid}::xid8 as "isPast"`;
    if (now!.isPast) return;
    if (performance.now() > untilMs) throw new Error('a transaction of another test has been open for a minute');
    await pause(20);
  }
}
