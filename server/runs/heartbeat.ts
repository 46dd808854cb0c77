import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { type Logger, logError, query, transaction } from '#server/lib/index.ts';
import type { ClaimedRun } from './claim.ts';
import { HEARTBEATS_PER_LEASE } from './config.ts';
import { leaseLosses } from './metrics.ts';
import type { RunControl } from './run-control.ts';

type Held = { claim: ClaimedRun; control: RunControl; renewedAtMs: number };

/**
 * Renews the leases of all runs of a process in one statement, carries their progress out and brings cancels in.
 * A run whose lease is another's, or could not be renewed in time, is stopped as lost.
 */
export function createHeartbeat(options: { pool: Pool; runner: string; leaseMs: number; log: Logger }) {
  const held = new Map<string, Held>();
  let timer: NodeJS.Timeout | null = null;
  let beating: Promise<void> | null = null;

  async function beat(): Promise<void> {
    if (held.size === 0) return;
    const asked = [...held.values()];
    const sentAtMs = performance.now();
    const alive = await renew(options, asked);
    for (const run of asked) {
      // Released meanwhile, by its own commit perhaps: then the missing row says nothing.
      if (held.get(run.claim.runId) !== run) continue;
      const found = alive.get(run.claim.runId);
      if (!found || found.token !== run.claim.token) lose(run);
      else {
        run.renewedAtMs = sentAtMs;
        if (found.isCancelled) run.control.stop('cancelled');
      }
    }
  }

  function lose(run: Held): void {
    held.delete(run.claim.runId);
    leaseLosses.labels('holder').inc();
    run.control.stop('lost');
  }

  /** Without an answer from the database the lease runs out by itself: stop before another may hold the run. */
  function expire(): void {
    for (const run of held.values()) if (performance.now() - run.renewedAtMs > options.leaseMs) lose(run);
  }

  function beatOnce(): Promise<void> {
    beating ??= beat()
      .catch((error: unknown) => {
        logError(options.log, error, 'leases could not be renewed', { runs: held.size });
      })
      .finally(() => {
        beating = null;
        expire();
      });
    return beating;
  }

  return {
    /** Holds the run's lease from now on. `claimedAtMs`: performance.now() from before its claim was sent. */
    hold(claim: ClaimedRun, control: RunControl, claimedAtMs: number): void {
      held.set(claim.runId, { claim, control, renewedAtMs: claimedAtMs });
    },
    /** Lets go of it: the run is about to commit, or has ended. */
    release(runId: string): void {
      held.delete(runId);
    },
    /** At once, for a wake-up: it may tell of a cancel. */
    beatOnce,
    start(): void {
      timer = setInterval(() => {
        expire();
        void beatOnce();
      }, options.leaseMs / HEARTBEATS_PER_LEASE);
    },
    async stop(): Promise<void> {
      if (timer) clearInterval(timer);
      await beating;
    },
  };
}

export type Heartbeat = ReturnType<typeof createHeartbeat>;

async function renew(options: { pool: Pool; runner: string; leaseMs: number }, runs: readonly Held[]) {
  const beats = JSON.stringify(
    runs.map(({ claim, control }) => ({ runId: claim.runId, token: claim.token, progress: control.progress })),
  );
  const limits = { statementTimeoutMs: Math.max(1_000, Math.floor(options.leaseMs / HEARTBEATS_PER_LEASE)) };
  const rows = await transaction(options.pool, limits, (tx) =>
    query<{ runId: string; token: number; isCancelled: boolean }>(
      tx,
      sql`update run_queue q set lease_until = clock_timestamp() + make_interval(secs => ${options.leaseMs / 1_000}::float8), progress = b.progress
        from jsonb_to_recordset(${beats}::jsonb) as b("runId" uuid, token bigint, progress jsonb)
        where q.run_id = b."runId" and q.token = b.token and q.claimed_by = ${options.runner}
        returning q.run_id as "runId", q.token::float8 as token, q.cancel_requested_at is not null as "isCancelled"`,
    ),
  );
  return new Map(rows.map((row) => [row.runId, row]));
}
