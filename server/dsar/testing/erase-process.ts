// Requests carried out in a process of its own that dies where it is told to, as by kill -9.
// argv: the worker's URL, the tenant's id, its slug, the folder of its blobs, the fail point, which time it is reached.
import { openPool } from '#db/client.ts';
import { openFolderStore } from '#server/files/index.ts';
import { createLogger } from '#server/lib/index.ts';
import { carryOutRequests } from '../carry-out.ts';

const [url = '', id = '', slug = '', folder = '', failPoint = '', at = '1'] = process.argv.slice(2);
let reached = 0;
const pool = openPool({ url, max: 2, applicationName: 'erasure to be killed' });
await carryOutRequests(
  {
    ...{ pool, log: createLogger({ level: 'silent', tier: 'test' }), blobs: openFolderStore(folder), batchRows: 10 },
    ...{ signal: new AbortController().signal, fence: async () => {}, publishWaitMs: 0 },
    failPoint(name) {
      if (name !== failPoint || ++reached < Number(at)) return;
      process.kill(process.pid, 'SIGKILL');
      // Nothing may run while the signal is on its way.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_000);
    },
  },
  { id, slug, name: slug, isActive: true },
);
await pool.end();
