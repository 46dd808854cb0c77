// A purge in a process of its own that dies where it is told to, as by kill -9.
// argv: the worker's URL, the tenant's slug, the folder of its blobs, the fail point, which time it is reached.
import { openPool } from '#db/client.ts';
import { openFolderStore } from '#server/files/index.ts';
import { createLogger, newId } from '#server/lib/index.ts';
import { dsarPurgeJob } from '../purge-job.ts';

const [url = '', slug = '', folder = '', failPoint = '', at = '1'] = process.argv.slice(2);
let reached = 0;
const pool = openPool({ url, max: 2, applicationName: 'purge to be killed' });
await dsarPurgeJob.run(
  {
    ...{ pool, log: createLogger({ level: 'silent', tier: 'test' }), processId: 'killed', runId: newId() },
    ...{ signal: new AbortController().signal, params: slug === '' ? {} : { tenant: slug } },
    fence: async () => {},
    failPoint(name) {
      if (name !== failPoint || ++reached < Number(at)) return;
      process.kill(process.pid, 'SIGKILL');
      // Nothing may run while the signal is on its way.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_000);
    },
  },
  { blobs: openFolderStore(folder), purgeBatchRows: 10 },
);
await pool.end();
