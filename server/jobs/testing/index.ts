// What a job is run with, by a test.
import type { Pool } from '#db/client.ts';
import { createLogger, newId } from '#server/lib/index.ts';
import type { JobContext } from '../index.ts';

/** Nobody else has the lease, nobody asks it to stop, and no fail point is armed, unless `more` says otherwise. */
export const jobContext = (pool: Pool, more: Partial<JobContext> = {}): JobContext => ({
  ...{ pool, log: createLogger({ level: 'silent', tier: 'test' }), processId: 'test', runId: newId(), params: {} },
  ...{ signal: new AbortController().signal, fence: async () => {}, failPoint: () => {} },
  ...more,
});

/** Kills this process, as kill -9 would, when it comes to the point for the so-manieth time. */
export function dieAt(point: string, time = 1): JobContext['failPoint'] {
  let reached = 0;
  return (name) => {
    if (name !== point || ++reached < time) return;
    process.kill(process.pid, 'SIGKILL');
    // Nothing may run while the signal is on its way.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_000);
  };
}
