import { z } from 'zod';
import { DlqPage, listDlq } from '#server/dlq/index.ts';
import { withTransaction } from '#server/lib/index.ts';
import { mutation, procedure } from '#server/procedure.ts';
import { cancelRun } from './cancel-run.ts';
import { getRun, listRuns } from './read-runs.ts';
import { CancelRunOutput, GetRunInput, ListRunsInput, RunDetail, RunPage, StartRunOutput } from './schemas.ts';
import { StartRunInput, startRun } from './start-run.ts';

const RunDlqInput = GetRunInput.extend({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(200).optional(),
});

export const runProcedures = {
  list: procedure
    .meta({ rest: 'GET /runs', summary: 'Lists runs, newest first.', scope: 'runs:read', output: RunPage })
    .input(ListRunsInput)
    .query(({ ctx, input }) => listRuns(ctx, input)),
  get: procedure
    .meta({
      rest: 'GET /runs/:id',
      summary: 'Gives one run with its nodes and attempts.',
      scope: 'runs:read',
      output: RunDetail,
      errors: ['RUN_NOT_FOUND'],
    })
    .input(GetRunInput)
    .query(({ ctx, input }) => getRun(ctx, input)),
  dlq: procedure
    .meta({
      rest: 'GET /runs/:id/dlq',
      summary: 'Lists the dead letters that a run parked, newest first.',
      scope: 'runs:read',
      output: DlqPage,
      errors: ['RUN_NOT_FOUND'],
    })
    .input(RunDlqInput)
    .query(({ ctx, input: { id, ...page } }) =>
      withTransaction(ctx, async (tx) => {
        // A run that is not this tenant's is not found, rather than empty.
        await getRun({ ...ctx, tx }, { id });
        return listDlq({ ...ctx, tx }, { ...page, runId: id, state: 'all' });
      }),
    ),
  cancel: mutation
    .meta({
      rest: 'POST /runs/:id/cancel',
      summary: 'Cancels a run: a waiting one at once, a running one as soon as its runner hears of it.',
      scope: 'runs:write',
      audit: 'run.cancel',
      status: 202,
      output: CancelRunOutput,
      errors: ['RUN_NOT_FOUND', 'RUN_NOT_CANCELLABLE'],
    })
    .input(GetRunInput)
    .mutation(({ ctx, input }) => cancelRun(ctx, input)),
};

/** Mounted with the pipelines' procedures, where callers look for it. */
export const startRunProcedure = mutation
  .meta({
    rest: 'POST /pipelines/:id/run',
    summary: 'Queues a run of the live version and answers its id.',
    scope: 'runs:write',
    audit: 'pipeline.run',
    status: 202,
    output: StartRunOutput,
    errors: ['PIPELINE_NOT_FOUND', 'PIPELINE_NOT_PUBLISHED', 'WORK_STOPPED', 'QUOTA_EXCEEDED'],
  })
  .input(StartRunInput)
  .mutation(({ ctx, input }) => startRun(ctx, input));
