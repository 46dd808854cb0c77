import { LabelFilter, PageInput } from '#server/pipelines/index.ts';
import { procedure } from '#server/procedure.ts';
import { schedulerStatus } from './status.ts';

export const schedulerProcedures = {
  status: procedure
    .meta({ rest: 'GET /scheduler-status', scope: 'schedules:read' })
    .input(PageInput.extend({ label: LabelFilter }))
    .query(({ ctx, input }) => schedulerStatus(ctx, input)),
};
