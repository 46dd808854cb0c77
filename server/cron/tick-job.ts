import type { JobDefinition } from '#server/jobs/index.ts';
import { tick } from '#server/scheduler/index.ts';

/** No slot and no lease: the ledger's key keeps a fire to one run, and the tick writes its row when it had work. */
export const tickJob: JobDefinition = {
  name: 'flowSchedulerTick',
  path: 'flow-scheduler-tick',
  summary: 'Fires the pipelines that are due.',
  schedule: '* * * * *',
  timeoutMs: 60_000,
  isLeased: false,
  run: async ({ pool, log, processId, failPoint }) => ({ answer: await tick({ pool, log, processId, failPoint }) }),
};
