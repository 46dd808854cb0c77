// A shipment in a process of its own that dies where it is told to, as by kill -9.
// argv: the worker's URL, the receiver's URL, the fail point, which time it is reached.
import { openPool } from '#db/client.ts';
import { dieAt, jobContext } from '#server/jobs/testing/index.ts';
import { createOutboundClient } from '#server/outbound/index.ts';
import { siemShipJob } from '../siem-ship-job.ts';

const [url = '', endpoint = '', failPoint = '', at = '1'] = process.argv.slice(2);
const pool = openPool({ url, max: 2, applicationName: 'shipment to be killed' });
const client = createOutboundClient({ allowCidrs: [] });
await siemShipJob.run(jobContext(pool, { processId: 'killed', failPoint: dieAt(failPoint, Number(at)) }), {
  siem: { client, backend: 'splunk', endpoint, apiKey: 'the-key', index: 'audit', sourcetype: 'mainspring' },
});
client.close();
await pool.end();
