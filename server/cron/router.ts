import { mutation, procedure } from '#server/procedure.ts';
import { listJobs, listRuns } from './read-runs.ts';
import { runNow } from './run-now.ts';
import { CronJobList, CronRunPage, ListCronRunsInput, RunCronJobInput, RunCronJobOutput } from './schemas.ts';

export const cronProcedures = {
  listJobs: procedure
    .meta({
      rest: 'GET /cron-jobs',
      summary: 'Lists the cron jobs with schedule, next fire and latest runs.',
      scope: 'schedules:read',
      audience: 'credential',
      output: CronJobList,
    })
    .query(({ ctx }) => listJobs(ctx)),
  listRuns: procedure
    .meta({
      rest: 'GET /cron-jobs/:job/runs',
      summary: 'Lists the runs of a cron job, newest first.',
      scope: 'schedules:read',
      audience: 'credential',
      output: CronRunPage,
      errors: ['JOB_NOT_FOUND'],
    })
    .input(ListCronRunsInput)
    .query(({ ctx, input }) => listRuns(ctx, input)),
  runNow: mutation
    .meta({
      rest: 'POST /cron-jobs/:job/run',
      summary: 'Has a worker run a cron job now.',
      status: 202,
      scope: 'instance:write',
      audience: 'instance',
      audit: 'cron.run',
      output: RunCronJobOutput,
      errors: ['JOB_NOT_FOUND', 'JOB_NOT_RUNNABLE', 'JOB_RUNNING'],
    })
    .input(RunCronJobInput)
    .mutation(({ ctx, input }) => runNow(ctx, input)),
};
