// THE list of cron jobs: the HTTP routes, node-cron in the worker, the pages and the chart all read it.
import type { Pool } from '#db/client.ts';
import type { Logger } from '#server/lib/index.ts';
import { reapEvents } from '#server/outbox/index.ts';
import { tick } from '#server/scheduler/index.ts';

export type JobDependencies = {
  pool: Pool;
  log: Logger;
  processId: string;
  /** OUTBOX_REAPER_STALENESS_SECONDS as it was given. */
  outboxStaleness: string | undefined;
};

export type CronJob = {
  /** The chart's key. */
  name: string;
  /** Below /api/v1/cron/. */
  path: string;
  /** Five cron fields in UTC; null: no schedule unless an operator sets one. */
  schedule: string | null;
  run(deps: JobDependencies): Promise<Record<string, unknown>>;
};

export const CRON_JOBS: readonly CronJob[] = [
  {
    name: 'flowSchedulerTick',
    path: 'flow-scheduler-tick',
    schedule: '* * * * *',
    run: (deps) => tick(deps),
  },
  {
    name: 'outboxReaper',
    path: 'outbox-reaper',
    schedule: '*/2 * * * *',
    run: (deps) => reapEvents(deps, deps.outboxStaleness),
  },
];
