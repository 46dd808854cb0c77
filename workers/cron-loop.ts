// Fires the jobs of the one list at their times. node-cron wakes the loop and nothing more (it drifts, and has
// missed repeated hours); beside it a sleeper wakes at the next fire by the database's clock, and every few seconds
// for what operators asked for. The database says what is due, and the slot keeps a fire to one run however many
// workers there are. The tick has a loop of its own.
import cron from 'node-cron';
import {
  CRON_JOBS,
  type CronDependencies,
  declareJobs,
  type FiredBy,
  type Firing,
  type JobSchedules,
  readPlan,
  runJob,
} from '#server/cron/index.ts';
import { logError } from '#server/lib/index.ts';

export type CronLoopConfig = CronDependencies & {
  /** CRON_MODE. With `http` only operators' requests are run here. */
  firedBy: FiredBy;
  schedules: JobSchedules;
};

/** The longest sleep: an operator's "run now" waits so long at most. */
const MAX_SLEEP_MS = 4_000;
const MIN_SLEEP_MS = 20;
/** After a turn that failed; an outage is one log line, not one per try. */
const RETRY_MS = 2_000;
const STALE_MS = 90_000;

export function cronLoop(config: CronLoopConfig) {
  const { pool, log } = config;
  // What has no lease (the tick) keeps its own time.
  const schedules: JobSchedules =
    config.firedBy === 'http'
      ? new Map()
      : new Map([...config.schedules].filter(([name]) => !isSelfTimed(config, name)));
  /** Jobs that this process is at, by what they were fired for. */
  const running = new Map<string, Promise<void>>();
  let wakers: { stop(): void | Promise<void> }[] = [];
  let timer: NodeJS.Timeout | undefined;
  let turning: Promise<void> | null = null;
  let isStopped = true;
  let isDeclared = false;
  let isFailing = false;
  let lastTurnAt = Date.now();

  /** Starts what is due and does not wait for it. Returns the wait until the next turn. */
  async function runOnce(): Promise<number> {
    if (!isDeclared) await declareJobs(pool, config.schedules, config.firedBy);
    isDeclared = true;
    const plan = await readPlan(pool, schedules);
    for (const { job, firing } of plan.fire) start(job, firing);
    return Math.max(MIN_SLEEP_MS, Math.min(MAX_SLEEP_MS, plan.msToNext ?? MAX_SLEEP_MS));
  }

  function start(job: string, firing: Firing): void {
    const key = `${job} ${firing.requestId ?? firing.slot?.toISOString()}`;
    if (running.has(key)) return;
    const done = runJob(config, job, firing)
      .then(
        () => {},
        (error: unknown) => void logError(log, error, 'cron job could not be started', { job }),
      )
      .finally(() => running.delete(key));
    running.set(key, done);
  }

  async function turn(): Promise<void> {
    try {
      const waitMs = await runOnce();
      if (isFailing) log.info('cron jobs fire again');
      isFailing = false;
      lastTurnAt = Date.now();
      sleep(waitMs);
    } catch (error) {
      if (!isFailing) logError(log, error, 'cron jobs cannot be fired; retrying until they can');
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
    /** Waits for what it started. */
    async runOnce() {
      await runOnce();
      await Promise.all(running.values());
    },
    isTurning: () => isStopped || Date.now() - lastTurnAt < STALE_MS,
    start() {
      isStopped = false;
      lastTurnAt = Date.now();
      const expressions = new Set([...schedules.values()].filter((one) => one !== null));
      wakers = [...expressions].map((expression) => cron.schedule(expression, wake, { timezone: 'UTC' }));
      sleep(Math.random() * 500);
    },
    /** Wait after `stopping` was aborted: then the running jobs end soon. */
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await Promise.all(wakers.map((waker) => waker.stop()));
      await turning;
      await Promise.all(running.values());
    },
  };
}

const isSelfTimed = (config: CronLoopConfig, name: string) =>
  (config.jobs ?? CRON_JOBS).some((job) => job.name === name && job.isLeased === false);
