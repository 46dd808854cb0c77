import { LabelFilter, PageInput } from '#server/pipelines/index.ts';
import { procedure } from '#server/procedure.ts';
import { SchedulerStatusOutput } from './schemas.ts';
import { schedulerStatus } from './status.ts';

export const schedulerProcedures = {
  status: procedure
    .meta({
      rest: 'GET /scheduler-status',
      summary:
        'Tells for each live pipeline its schedule, lag, last run, next fires and the last 24 hours, and how the scheduler is.',
      scope: 'schedules:read',
      output: SchedulerStatusOutput,
    })
    .input(PageInput.extend({ label: LabelFilter }))
    .query(({ ctx, input }) => schedulerStatus(ctx, input)),
};
