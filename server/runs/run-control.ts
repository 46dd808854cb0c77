// What an execution and its surroundings tell each other: stop, the deadline, how far it is.
import type { RunProgress } from '#db/schema/index.ts';
import { RunStopped, type StopReason } from './run-failure.ts';

export type RunControl = {
  readonly signal: AbortSignal;
  readonly progress: RunProgress;
  stop(reason: StopReason): void;
  /** Counts the time-out from now; until then there is none. */
  setTimeoutMs(timeoutMs: number): void;
  /** Time left in milliseconds; never below 1, because 0 means no limit to PostgreSQL. */
  remainingMs(): number;
  /** @throws RunStopped */
  check(): void;
  dispose(): void;
};

/** A statement's own limit stands a little behind the deadline: the deadline's cancel says why. */
const SERVER_SLACK_MS = 2_000;
const NO_DEADLINE_MS = 86_400_000;

export function createRunControl(): RunControl {
  const controller = new AbortController();
  let deadlineAt: number | null = null;
  let timer: NodeJS.Timeout | null = null;
  const stop = (reason: StopReason) => controller.abort(new RunStopped(reason));
  return {
    signal: controller.signal,
    progress: { nodeId: null, nodesDone: 0, nodesTotal: 0, rowsRead: 0, updatedAt: new Date().toISOString() },
    stop,
    setTimeoutMs(timeoutMs) {
      deadlineAt = performance.now() + timeoutMs;
      if (timer) clearTimeout(timer);
      timer = setTimeout(() => stop('timed_out'), Math.min(timeoutMs, 2_147_483_647));
    },
    remainingMs: () =>
      deadlineAt === null ? NO_DEADLINE_MS : Math.ceil(Math.max(1, deadlineAt - performance.now())) + SERVER_SLACK_MS,
    check: () => controller.signal.throwIfAborted(),
    dispose: () => {
      if (timer) clearTimeout(timer);
    },
  };
}

/** Why it was stopped, or null while it may go on. */
export function stopReason(control: RunControl): StopReason | null {
  const reason: unknown = control.signal.reason;
  return control.signal.aborted && reason instanceof RunStopped ? reason.reason : null;
}
