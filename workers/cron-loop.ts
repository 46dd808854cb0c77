// Fires the jobs of the one list at their times. The tick has a loop of its own.
import cron from 'node-cron';
import { CRON_JOBS, type CronDependencies, runJob } from '#server/cron/index.ts';
import { logError } from '#server/lib/index.ts';

/** `isEnabled` false: only outside callers fire (CRON_MODE=http). Every job here may run twice at once. */
export function cronLoop(deps: CronDependencies & { isEnabled: boolean }) {
  let tasks: { stop(): void | Promise<void> }[] = [];
  const running = new Set<Promise<void>>();
  return {
    start() {
      if (!deps.isEnabled) return;
      tasks = CRON_JOBS.filter((job) => job.isLeased !== false).flatMap((job) => {
        if (job.schedule === null) return [];
        const fire = () => {
          const slot = new Date(Math.floor(Date.now() / 60_000) * 60_000);
          const done = runJob(deps, job.name, { trigger: 'schedule', slot }).then(
            () => {},
            (error: unknown) => void logError(deps.log, error, 'cron job failed', { job: job.name }),
          );
          running.add(done);
          void done.finally(() => running.delete(done));
        };
        return [cron.schedule(job.schedule, fire, { timezone: 'UTC' })];
      });
    },
    async stop() {
      await Promise.all(tasks.map((task) => task.stop()));
      await Promise.all(running);
    },
  };
}
