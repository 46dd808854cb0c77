// The job in a process of its own that dies where it is told to, as by kill -9.
// argv: the worker's URL, the fail point.
import { openPool } from '#db/client.ts';
import { createLogger, newId } from '#server/lib/index.ts';
import { scheduledRetrainsJob } from '../retrain-job.ts';

const [url = '', failPoint = ''] = process.argv.slice(2);
const pool = openPool({ url, max: 3, applicationName: 'training to be killed' });
await scheduledRetrainsJob.run(
  {
    ...{ pool, log: createLogger({ level: 'silent', tier: 'test' }), processId: 'killed', runId: newId() },
    ...{ signal: new AbortController().signal, params: {} },
    fence: async () => {},
    failPoint(name) {
      if (name !== failPoint) return;
      process.kill(process.pid, 'SIGKILL');
      // Nothing may run while the signal is on its way.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_000);
    },
  },
  {},
);
await pool.end();
