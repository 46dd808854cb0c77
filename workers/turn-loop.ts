// A loop that takes a turn every some seconds, of what all workers share: whoever comes first does what is due.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Logger, logError } from '#server/lib/index.ts';

/** Shorter than what is shared is due again, so that a worker that takes over is seconds late, not a minute. */
const TURN_MS = 10_000;
/** For what a turn is at when the process ends. */
const STOP_MS = 3_000;
/** No step of a turn takes so long: a report's statements have a minute each. */
const STALE_MS = 180_000;

export type TurnSettings = {
  /** Default 10,000. */
  turnMs?: number;
  /** Default 180,000. */
  staleMs?: number;
};
export type TurnLoop = {
  start(): void;
  /** False when the loop hangs: it has neither ended a turn nor got on with one for minutes. */
  isTurning(): boolean;
  /** Waits a moment for the turn that runs; what it leaves is done by whoever comes next. */
  stop(): Promise<void>;
};

/** `turn` calls `onProgress` after each of its steps, and ends soon after `signal`. */
export function turnLoop(
  config: TurnSettings & {
    log: Logger;
    turn: (of: { signal: AbortSignal; onProgress: () => void }) => Promise<unknown>;
    /** What is logged when turns begin to fail, and when they no longer do. */
    says: { failing: string; again: string };
  },
): TurnLoop {
  const { log, says, turnMs = TURN_MS, staleMs = STALE_MS } = config;
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
      await config.turn({ signal: stopping.signal, onProgress });
      if (isFailing) log.info(says.again);
      isFailing = false;
    } catch (error) {
      // An outage is one line, not one per turn.
      if (!isFailing && !stopping.signal.aborted) logError(log, error, says.failing);
      isFailing = true;
    }
    // A turn that failed is one, too.
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
    isTurning: () => isStopped || Date.now() - lastProgressAt < staleMs,
    async stop(): Promise<void> {
      isStopped = true;
      stopping.abort();
      clearTimeout(timer);
      await Promise.race([turning, sleep(STOP_MS, undefined, { ref: false })]);
    },
  };
}
