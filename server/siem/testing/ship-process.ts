// A shipment in a process of its own that dies where it is told to, as by kill -9.
// argv: the worker's URL, the receiver's URL, the fail point, which time it is reached.
import { openPool } from '#db/client.ts';
import { createLogger, newId } from '#server/lib/index.ts';
import { createOutboundClient } from '#server/outbound/index.ts';
import { siemShipJob } from '../siem-ship-job.ts';

const [url = '', endpoint = '', failPoint = '', at = '1'] = process.argv.slice(2);
let reached = 0;
const pool = openPool({ url, max: 2, applicationName: 'shipment to be killed' });
const client = createOutboundClient({ allowCidrs: [] });
await siemShipJob.run(
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
  { siem: { client, backend: 'splunk', endpoint, apiKey: 'the-key', index: 'audit', sourcetype: 'mainspring' } },
);
client.close();
await pool.end();
