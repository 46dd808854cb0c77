// The one connection on which a run's SQL runs. It is the run's own, opened for it and ended after it: a cancel
// can hit nobody else's statement, and a connection that no longer answers can be thrown away.

import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { query, type Tx, transaction } from '#server/lib/index.ts';
import type { ClaimedRun } from './claim.ts';
import { ABANDON_AFTER_MS, CANCEL_REPEAT_MS } from './config.ts';
import type { RunControl } from './run-control.ts';

export type WorkDeps = {
  /** Short transactions of the runner. */
  pool: Pool;
  /** Opens a client with one connection, as the worker's role. */
  openWork: () => Pool;
};

/**
 * A transaction on the run's own connection. When the run is stopped, its running statement is cancelled from
 * the other pool until it ends; when it does not end, the connection is cut.
 */
export async function workTransaction<T>(
  deps: WorkDeps,
  work: Pool,
  control: RunControl,
  claim: ClaimedRun,
  fn: (tx: Tx) => Promise<T>,
): Promise<T> {
  control.check();
  const limits = { tenantId: claim.tenantId, statementTimeoutMs: control.remainingMs() };
  return transaction(work, limits, async (tx) => {
    const [backend] = await query<{ pid: number }>(
      tx,
      sql`select pg_backend_pid() as pid, set_config('application_name', ${sessionName(claim)}, true)`,
    );
    const guard = cancelWhenStopped(deps.pool, control, backend?.pid ?? 0);
    try {
      control.check();
      return await fn(tx);
    } catch (error) {
      // What the cancel caused is told by why it was sent.
      control.check();
      throw error;
    } finally {
      // Its last cancel must have landed before this connection does anything else.
      await guard.end();
    }
  });
}

const SESSION_PREFIX = 'mainspring run ';
const sessionName = (claim: ClaimedRun) => `${SESSION_PREFIX}${claim.runId}/${claim.token}`;

/**
 * Ends the transactions that earlier attempts of this run have left open. A runner that was killed in the middle
 * of a long statement leaves it running, with its locks; a stopped one leaves them until it is idle too long.
 */
export async function endEarlierAttempts(pool: Pool, claim: ClaimedRun): Promise<void> {
  if (claim.token <= 1) return;
  await transaction(pool, {}, (tx) =>
    tx.execute(sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and usename = current_user and pid <> pg_backend_pid()
        and starts_with(application_name, ${`${SESSION_PREFIX}${claim.runId}/`}) and application_name <> ${sessionName(claim)}`),
  );
}

function cancelWhenStopped(pool: Pool, control: RunControl, pid: number): { end(): Promise<void> } {
  let hasEnded = false;
  let loop: Promise<void> = Promise.resolve();
  const start = () => {
    loop = (async () => {
      while (!hasEnded) {
        await transaction(pool, { statementTimeoutMs: 5_000 }, (tx) =>
          tx.execute(sql`select pg_cancel_backend(${pid}::int)`),
        ).catch(() => {});
        if (!hasEnded) await new Promise((resolve) => setTimeout(resolve, CANCEL_REPEAT_MS));
      }
    })();
  };
  if (control.signal.aborted) start();
  else control.signal.addEventListener('abort', start, { once: true });
  return {
    async end() {
      hasEnded = true;
      control.signal.removeEventListener('abort', start);
      // Bounded: when the database does not answer at all, the connection is about to be cut anyway.
      await Promise.race([loop, new Promise((resolve) => setTimeout(resolve, ABANDON_AFTER_MS).unref())]);
    },
  };
}

/** Runs `fn` with a connection of its own; cuts it when a stopped run does not let go in time. */
export async function withWorkConnection<T>(
  deps: WorkDeps,
  control: RunControl,
  fn: (work: Pool) => Promise<T>,
): Promise<T> {
  const work = deps.openWork();
  let timer: NodeJS.Timeout | null = null;
  const abandon = () => {
    timer = setTimeout(() => void work.end({ timeout: 0 }).catch(() => {}), ABANDON_AFTER_MS);
  };
  control.signal.addEventListener('abort', abandon, { once: true });
  try {
    return await fn(work);
  } finally {
    control.signal.removeEventListener('abort', abandon);
    if (timer) clearTimeout(timer);
    // At once: after an error the driver may think of the connection as still in use.
    await work.end({ timeout: 0 }).catch(() => {});
  }
}
