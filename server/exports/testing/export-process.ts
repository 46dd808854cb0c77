// An export in a process of its own that dies where it is told to, as by kill -9.
// argv: the worker's URL, the folder to export to, the fail point, which time it is reached.
import { openPool } from '#db/client.ts';
import { openFolderStore } from '#server/files/index.ts';
import { createLogger, newId } from '#server/lib/index.ts';
import { exportInteractionsJob } from '../export-job.ts';

const [url = '', folder = '', failPoint = '', at = '1'] = process.argv.slice(2);
let reached = 0;
const pool = openPool({ url, max: 2, applicationName: 'export to be killed' });
await exportInteractionsJob.run(
  {
    ...{ pool, log: createLogger({ level: 'silent', tier: 'test' }), processId: 'killed', runId: newId(), params: {} },
    ...{ signal: new AbortController().signal, fence: async () => {} },
    failPoint(name) {
      if (name !== failPoint || ++reached < Number(at)) return;
      process.kill(process.pid, 'SIGKILL');
      // Nothing may run while the signal is on its way.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_000);
    },
  },
  { blobs: openFolderStore(folder), exportLimits: { rows: 100, bytes: 1_000_000 } },
);
await pool.end();
