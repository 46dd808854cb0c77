// Keeps the tick going. node-cron wakes it at each minute and nothing more: across clock changes it skips and
// drifts, so beside it a sleeper wakes at the smallest next fire by the database's clock. What is due is the
// tick's to say, and waking twice costs a `skipped`.
import cron from 'node-cron';
import type { Pool } from '#db/client.ts';
import { type Logger, logError, transaction } from '#server/lib/index.ts';
import { msToNextDue, type TickResult, tick } from '#server/scheduler/index.ts';

export type SchedulerLoopConfig = {
  pool: Pool;
  log: Logger;
  processId: string;
  /** The sleeper wakes at the next fire, and at the latest after this. Unit: milliseconds; default 15,000. */
  maxSleepMs: number;
  /** False where only outside callers fire (CRON_MODE=http): no loop at all. */
  isEnabled: boolean;
};

/** Never busier than this, however close the next fire is. */
const MIN_SLEEP_MS = 5;
/** When something was left due. */
const LEFT_OVER_MS = 1_000;
/** After a failed tick; an outage is one log line per outage, not one per try. */
const RETRY_MS = 2_000;

export type SchedulerLoop = {
  start(): void;
  stop(): Promise<void>;
  runOnce(): Promise<TickResult>;
  isTurning(): boolean;
};

export function schedulerLoop(config: SchedulerLoopConfig): SchedulerLoop {
  const { pool, log, processId } = config;
  let timer: NodeJS.Timeout | undefined;
  let minutely: { stop(): void | Promise<void> } | undefined;
  let turning: Promise<void> | null = null;
  let isStopped = true;
  let isFailing = false;
  let lastTurnAt = Date.now();

  const runOnce = () => tick({ pool, log, processId });

  async function turn(): Promise<void> {
    try {
      await runOnce();
      if (isFailing) log.info('the scheduler ticks again');
      isFailing = false;
      lastTurnAt = Date.now();
      sleep(await msToNextFire(pool, config.maxSleepMs));
    } catch (error) {
      if (!isFailing) logError(log, error, 'scheduler tick failed; retrying until it succeeds');
      isFailing = true;
      sleep(RETRY_MS);
    }
  }

  function wake(): void {
    if (isStopped || turning) return;
    clearTimeout(timer);
    turning = turn().finally(() => {
      turning = null;
    });
  }

  function sleep(ms: number): void {
    if (isStopped) return;
    clearTimeout(timer);
    timer = setTimeout(wake, ms);
  }

  return {
    runOnce,
    isTurning: () => isStopped || Date.now() - lastTurnAt < Math.max(90_000, 4 * config.maxSleepMs),
    start() {
      if (!config.isEnabled) return;
      isStopped = false;
      minutely = cron.schedule('* * * * *', wake, { timezone: 'UTC' });
      sleep(Math.random() * 200);
    },
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await minutely?.stop();
      await turning;
    },
  };
}

/** By the database's clock, so that a process clock some ms apart does not cost a minute. */
async function msToNextFire(pool: Pool, maxSleepMs: number): Promise<number> {
  const ms = await transaction(pool, {}, msToNextDue);
  if (ms === null) return maxSleepMs;
  // What is due already but was left (a locked row, a full pass) is looked at again soon, not in a tight loop.
  if (ms <= 0) return LEFT_OVER_MS;
  return Math.min(maxSleepMs, Math.max(MIN_SLEEP_MS, Math.ceil(ms)));
}
