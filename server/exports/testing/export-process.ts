// An export in a process of its own that dies where it is told to, as by kill -9.
// argv: the worker's URL, where to export to (a folder, or a bucket as JSON), the fail point, which time it is reached.
import { openPool } from '#db/client.ts';
import { openFolderStore, openS3Store } from '#server/files/index.ts';
import { dieAt, jobContext } from '#server/jobs/testing/index.ts';
import { exportInteractionsJob } from '../export-job.ts';

const [url = '', target = '', failPoint = '', at = '1'] = process.argv.slice(2);
const pool = openPool({ url, max: 2, applicationName: 'export to be killed' });
await exportInteractionsJob.run(jobContext(pool, { processId: 'killed', failPoint: dieAt(failPoint, Number(at)) }), {
  blobs: target.startsWith('{') ? openS3Store(JSON.parse(target)) : openFolderStore(target),
  exportLimits: { rows: 100, bytes: 1_000_000 },
});
await pool.end();
