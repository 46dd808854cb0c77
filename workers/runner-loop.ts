// The runner: claims runs, executes several at once, keeps their leases, and tidies up after runners that died.
import type { Pool } from '#db/client.ts';
import { finishFiles, openInbox, returnStrayFiles } from '#server/files/index.ts';
import { type Logger, logError, transaction } from '#server/lib/index.ts';
import {
  type ClaimedRun,
  claimRuns,
  claimSeconds,
  createHeartbeat,
  createRunControl,
  executeRun,
  type Heartbeat,
  listQueueTenants,
  type OnStep,
  type Outcome,
  onWake,
  type RunControl,
  reapLostRuns,
  sweepStaging,
} from '#server/runs/index.ts';
import { findTenantData } from '#server/tenancy/index.ts';

export type RunnerConfig = {
  /** Short transactions: claims, heartbeats, records. As the worker's role. */
  pool: Pool;
  /** Opens a client with one connection for one run's SQL. As the worker's role. */
  openWork: () => Pool;
  /** Names this process in leases; unique among those alive. */
  runner: string;
  /** Runs at once (RUNNER_CONCURRENCY). */
  concurrency: number;
  /** RUN_LEASE_SECONDS: how long a dead runner keeps its runs. */
  leaseMs: number;
  /** RUN_POLL_SECONDS: the net below wake-ups. */
  pollMs: number;
  /** SHUTDOWN_DRAIN_SECONDS: how long stop() lets runs finish before it gives them back. */
  drainMs: number;
  filesDir: string;
  log: Logger;
  onStep?: OnStep;
};

export type RunnerCounts = Record<Outcome['end'], number> & { claimed: number };
export type Runner = {
  start(): void;
  /** Stops claiming, lets runs finish within the drain time, gives the rest back to the queue. */
  stop(): Promise<void>;
  /** Claims up to `limit` runs and executes them to their ends. For tests, without start(). */
  runOnce(options?: { limit?: number }): Promise<RunnerCounts>;
  /** When its loop last turned: an outage of the database does not stop it turning. */
  lastTurnAt(): Date | null;
};

/** How often files and staging of dead runs are looked for. */
const SWEEP_MS = 60_000;
const MAX_OUTAGE_DELAY_MS = 30_000;

type Active = { control: RunControl; done: Promise<Outcome> };

export function createRunner(config: RunnerConfig): Runner {
  const heartbeat = createHeartbeat(config);
  const active = new Map<string, Active>();
  const turns = createTurns(config.pollMs);
  const outage = createOutage(config.log);
  let isStopping = false;
  let loop: Promise<void> | null = null;
  let stopListening: (() => void) | null = null;
  let lastTurnAt: Date | null = null;

  async function claim(limit: number): Promise<{ claims: ClaimedRun[]; sentAtMs: number }> {
    const sentAtMs = performance.now();
    const claims = await claimRuns(config.pool, { runner: config.runner, limit, leaseMs: config.leaseMs });
    claimSeconds.observe((performance.now() - sentAtMs) / 1_000);
    return { claims, sentAtMs };
  }

  function execute(run: ClaimedRun, sentAtMs: number): Promise<Outcome> {
    const control = createRunControl();
    heartbeat.hold(run, control, sentAtMs);
    const done = executeRun(config, run, control, () => heartbeat.release(run.runId)).finally(() => {
      heartbeat.release(run.runId);
      active.delete(run.runId);
      turns.wake();
    });
    active.set(run.runId, { control, done });
    return done;
  }

  async function turn(): Promise<void> {
    const free = config.concurrency - active.size;
    const { claims, sentAtMs } = free > 0 ? await claim(free) : { claims: [], sentAtMs: 0 };
    for (const run of claims) void execute(run, sentAtMs);
    outage.over();
    lastTurnAt = new Date();
    // A claim that filled every place is followed when a place is free; one that found less waits for news.
    await turns.wait();
  }

  async function run(): Promise<void> {
    while (!isStopping) {
      try {
        await turn();
      } catch (error) {
        lastTurnAt = new Date();
        await turns.pause(outage.begin(error, 'runs cannot be claimed; trying again'));
      }
    }
  }

  const sweeper = createSweeper(config, outage, () => isStopping);
  return {
    start() {
      heartbeat.start();
      sweeper.start();
      stopListening = onWake(() => {
        void heartbeat.beatOnce();
        turns.wake();
      });
      loop = run();
    },
    async stop() {
      isStopping = true;
      turns.wake();
      await loop;
      await sweeper.stop();
      // Cancels are still heard while the last runs finish.
      await drain(active, config.drainMs);
      stopListening?.();
      await heartbeat.stop();
    },
    async runOnce({ limit = config.concurrency } = {}) {
      const { claims, sentAtMs } = await claim(limit);
      const stopBeating = beatWhile(heartbeat);
      const outcomes = await Promise.all(claims.map((claimed) => execute(claimed, sentAtMs)));
      await stopBeating();
      const counts: RunnerCounts = {
        ...{ claimed: claims.length, succeeded: 0, failed: 0, retried: 0, cancelled: 0, released: 0, lost: 0 },
      };
      for (const outcome of outcomes) counts[outcome.end] += 1;
      return counts;
    },
    lastTurnAt: () => lastTurnAt,
  };
}

/** runOnce holds leases too, and hears of cancels. */
function beatWhile(heartbeat: Heartbeat): () => Promise<void> {
  heartbeat.start();
  const off = onWake(() => void heartbeat.beatOnce());
  return async () => {
    off();
    await heartbeat.stop();
  };
}

async function drain(active: ReadonlyMap<string, Active>, drainMs: number): Promise<void> {
  const all = () => Promise.all([...active.values()].map((run) => run.done));
  const limit = Promise.withResolvers<void>();
  const timer = setTimeout(limit.resolve, drainMs);
  await Promise.race([all(), limit.promise]);
  clearTimeout(timer);
  for (const run of active.values()) run.control.stop('released');
  await all();
}

/** Waiting that a wake-up ends; one that came while nobody waited ends the next wait at once. */
function createTurns(pollMs: number) {
  let isWoken = false;
  let end: (() => void) | null = null;
  function sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      function done() {
        clearTimeout(timer);
        end = null;
        resolve();
      }
      end = done;
    });
  }
  return {
    wake() {
      isWoken = true;
      end?.();
    },
    async wait() {
      if (!isWoken) await sleep(pollMs);
      isWoken = false;
    },
    /** Not ended by wake-ups, except that of stop(): during an outage they are noise. */
    pause: (ms: number) => sleep(ms),
  };
}

/** An outage is one line when it begins and one when it is over, with growing delays between. */
function createOutage(log: Logger) {
  let failures = 0;
  return {
    begin(error: unknown, message: string): number {
      failures += 1;
      if (failures === 1) logError(log, error, message);
      return Math.min(MAX_OUTAGE_DELAY_MS, 500 * 2 ** Math.min(failures - 1, 10));
    },
    over() {
      if (failures > 0) log.info({ failures }, 'runs can be claimed again');
      failures = 0;
    },
  };
}

/** The reaper twice a lease; files and staging tables of dead runs at the start and once a minute. */
function createSweeper(config: RunnerConfig, outage: ReturnType<typeof createOutage>, isStopping: () => boolean) {
  let timer: NodeJS.Timeout | null = null;
  let current: Promise<void> = Promise.resolve();
  let filesSweptAtMs = Number.NEGATIVE_INFINITY;

  async function pass(): Promise<void> {
    await reapLostRuns(config.pool);
    if (performance.now() - filesSweptAtMs < SWEEP_MS) return;
    filesSweptAtMs = performance.now();
    for (const tenant of await listQueueTenants(config.pool)) {
      if (isStopping()) return;
      // One tenant's unreadable folder must not keep the others' files waiting.
      await sweepFiles(config, tenant).catch((error: unknown) => {
        logError(config.log, error, 'files of ended runs could not be put away', { tenantId: tenant.id });
      });
      await sweepTables(config.pool, tenant.id).catch((error: unknown) => {
        logError(config.log, error, 'staging tables of ended runs could not be dropped', { tenantId: tenant.id });
      });
    }
  }

  function schedule(): void {
    if (isStopping()) return;
    timer = setTimeout(() => {
      current = pass()
        .catch((error: unknown) => {
          outage.begin(error, 'lost runs cannot be looked for; trying again');
        })
        .finally(schedule);
    }, config.leaseMs / 2);
  }

  return {
    start() {
      current = pass()
        .catch((error: unknown) => {
          outage.begin(error, 'lost runs cannot be looked for; trying again');
        })
        .finally(schedule);
    },
    async stop() {
      if (timer) clearTimeout(timer);
      await current;
    },
  };
}

async function sweepFiles(config: RunnerConfig, tenant: { id: string; slug: string }): Promise<void> {
  const root = await openInbox(config.filesDir, tenant.slug);
  const deps = { pool: config.pool, root, log: config.log };
  await finishFiles(deps, { tenantId: tenant.id });
  await returnStrayFiles(deps, { tenantId: tenant.id });
}

/** A tenant without a further run would otherwise keep the tables of its last dead one. */
async function sweepTables(pool: Pool, tenantId: string): Promise<void> {
  const data = await transaction(pool, { tenantId }, (tx) => findTenantData(tx, tenantId));
  await sweepStaging(pool, tenantId, data);
}
