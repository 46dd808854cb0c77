import type { RouterOutputs } from '#server/api/index.ts';
import type { MainspringClient } from './index.ts';

export type Run = RouterOutputs['runs']['get'];

/** Asks until the run has ended, and gives it with its nodes; what it ended with is in `status`. */
export async function waitForRun(
  client: MainspringClient,
  runId: string,
  options: { pollMs?: number; signal?: AbortSignal } = {},
): Promise<Run> {
  const { pollMs = 1_000, signal } = options;
  for (;;) {
    const run = await client.runs.get.query({ id: runId }, { ...(signal ? { signal } : {}) });
    if (run.status !== 'queued' && run.status !== 'running') return run;
    await pause(pollMs, signal);
  }
}

/** @throws the signal's reason. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', end);
      resolve();
    }, ms);
    signal?.addEventListener('abort', end, { once: true });
  });
}
