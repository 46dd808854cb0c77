// A runner in a process of its own that executes one run and kills itself at a step, as kill -9 would.
import { openPool } from '#db/client.ts';
import { createLogger } from '#server/lib/index.ts';
import { claimRuns, createRunControl, executeRun } from '../index.ts';

const [workerUrl = '', filesDir = '', step = '', countText = '1'] = process.argv.slice(2);
let left = Number(countText);

const pool = openPool({ url: workerUrl, max: 4, applicationName: 'doomed' });
const [claim] = await claimRuns(pool, { runner: 'doomed', leaseMs: 30_000, limit: 1 });
if (!claim) throw new Error('there was nothing to claim');
const openWork = () => openPool({ url: workerUrl, max: 1, applicationName: 'doomed run', prepare: false });
const log = createLogger({ level: 'silent', tier: 'test' });
const onStep = (now: string) => {
  if (now !== step) return;
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
};
const outcome = await executeRun({ pool, openWork, filesDir, log, onStep }, claim, createRunControl(), () => {});
// Only reached when the step never came.
process.stdout.write(outcome.end);
await pool.end({ timeout: 1 });
