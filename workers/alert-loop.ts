// Evaluates the alert rules and makes the due reports once a minute, whichever worker comes first, and sends them.
import { setTimeout as sleep } from 'node:timers/promises';
import { logError } from '#server/lib/index.ts';
import { type AlertDependencies, tickAlertsWhenDue } from '#server/reports/index.ts';

/** Shorter than the interval, so that a worker that takes over is seconds late, not a minute. */
const TURN_MS = 10_000;
/** For what a turn is at when the process ends. A report may take a minute: its transaction is undone with its connection. */
const STOP_MS = 3_000;
/** No step of a turn takes so long: a report's statements have a minute each. */
const STALE_MS = 180_000;

export type AlertLoopConfig = Omit<AlertDependencies, 'signal' | 'onProgress'> & {
  /** Default 10,000. */
  turnMs?: number;
  /** Default 180,000. */
  staleMs?: number;
};

export function alertLoop({ turnMs = TURN_MS, staleMs = STALE_MS, ...deps }: AlertLoopConfig) {
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let turning: Promise<void> = Promise.resolve();
  let isFailing = false;
  let isStopped = true;
  let lastProgressAt = Date.now();
  const onProgress = () => {
    lastProgressAt = Date.now();
  };

  async function turn(): Promise<void> {
    try {
      await tickAlertsWhenDue({ ...deps, signal: stopping.signal, onProgress });
      if (isFailing) deps.log.info('alerts are evaluated again');
      isFailing = false;
    } catch (error) {
      // An outage is one line, not one per turn.
      if (!isFailing && !stopping.signal.aborted) logError(deps.log, error, 'alerts cannot be evaluated; trying again');
      isFailing = true;
    }
    // A turn that failed is one, too: the health of alerts says that nothing is evaluated.
    onProgress();
    if (!stopping.signal.aborted) schedule();
  }
  function schedule(): void {
    timer = setTimeout(() => {
      turning = turn();
    }, turnMs);
  }
  return {
    start() {
      isStopped = false;
      onProgress();
      schedule();
    },
    /** False when the loop hangs: it has neither ended a turn nor got on with one for minutes. */
    isTurning: () => isStopped || Date.now() - lastProgressAt < staleMs,
    /** Waits a moment for the turn that runs; what it leaves is done by whoever comes next. */
    async stop(): Promise<void> {
      isStopped = true;
      stopping.abort();
      clearTimeout(timer);
      await Promise.race([turning, sleep(STOP_MS, undefined, { ref: false })]);
      deps.channels.close();
    },
  };
}
