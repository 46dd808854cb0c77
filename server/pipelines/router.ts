import type { z } from 'zod';
import { ApproveInput } from '#server/approvals/index.ts';
import { mutation, procedure } from '#server/procedure.ts';
import { approveChange } from './approve-change.ts';
import { getIr, getPipeline } from './get-pipeline.ts';
import { listPipelines } from './list-pipelines.ts';
import { listVersions } from './list-versions.ts';
import { listPipelineOccurrences, pausePipeline, resumePipeline } from './pause-pipeline.ts';
import { publishVersion } from './publish-version.ts';
import { createPipeline, saveIr } from './save-version.ts';
import {
  ApproveOutput,
  CreatePipelineInput,
  CreatePipelineOutput,
  GetIrInput,
  IrOutput,
  ListPipelinesInput,
  OccurrencePage,
  PageInput,
  PauseOutput,
  PausePipelineInput,
  PipelineDetail,
  PipelinePage,
  PipelineRef,
  PublishInput,
  PublishOutput,
  ResumeOutput,
  SaveIrInput,
  SaveIrOutput,
  SqlPreviewOutput,
  ValidateInput,
  ValidateOutput,
  VersionPage,
} from './schemas.ts';
import { previewPipelineSql, validateDocument } from './validate-document.ts';

const APPROVAL_ERRORS = ['APPROVAL_SETTINGS_INVALID', 'APPROVAL_PERSON_UNKNOWN'] as const;

/** Beside those of the approvals' room: this one makes a version live. */
export const approveProcedure = mutation
  .meta({
    rest: 'POST /approvals/:id/approve',
    summary:
      'Approves a change in the stage that is to decide; the last approval needed makes the version live, or the rules hold.',
    scope: 'approvals:write',
    audit: 'approval.approve',
    output: ApproveOutput,
    errors: [
      ...(['APPROVAL_BY_KEY', 'APPROVAL_ACCESS_GIVEN'] as const),
      ...(['APPROVAL_NOT_FOUND', 'APPROVAL_CLOSED', 'APPROVAL_EXPIRED', 'APPROVAL_STALE', 'APPROVAL_OWN'] as const),
      ...(['APPROVAL_NOT_YOURS', 'APPROVAL_VOTED', 'DOCUMENT_INVALID', 'QUOTA_EXCEEDED'] as const),
      ...APPROVAL_ERRORS,
    ],
  })
  .input(ApproveInput)
  .mutation(({ ctx, input }) => approveChange(ctx, input));

export const pipelineProcedures = {
  list: procedure
    .meta({
      rest: 'GET /pipelines',
      summary: 'Lists the pipelines by name, narrowed by labels and a search in name and description.',
      scope: 'pipelines:read',
      output: PipelinePage,
    })
    .input(ListPipelinesInput)
    .query(({ ctx, input }) => listPipelines(ctx, input)),
  create: mutation
    .meta({
      rest: 'POST /pipelines',
      summary: 'Creates a pipeline with its first version, and makes it live when asked to.',
      scope: 'pipelines:write',
      audit: 'pipeline.create',
      status: 201,
      output: CreatePipelineOutput,
      errors: ['DOCUMENT_INVALID', 'PIPELINE_NAME_TAKEN', 'QUOTA_EXCEEDED', ...APPROVAL_ERRORS],
    })
    .input(CreatePipelineInput)
    .mutation(async ({ ctx, input }) => {
      const made = await createPipeline(ctx, input);
      const published = input.publish ? await publishVersion(ctx, { id: made.id }) : null;
      return { ...made, changeRequest: published?.state === 'waiting' ? published.changeRequest : null };
    }),
  get: procedure
    .meta({
      rest: 'GET /pipelines/:id',
      summary: 'Gives one pipeline by id or name, with its policies and next fires.',
      scope: 'pipelines:read',
      output: PipelineDetail,
      errors: ['PIPELINE_NOT_FOUND'],
    })
    .input(PipelineRef)
    .query(({ ctx, input }) => getPipeline(ctx, input)),
  ir: procedure
    .meta({
      rest: 'GET /pipelines/:id/ir',
      summary: 'Gives a saved document: the version asked for, else the latest.',
      scope: 'pipelines:read',
      output: IrOutput,
      errors: ['PIPELINE_NOT_FOUND', 'VERSION_NOT_FOUND'],
    })
    .input(GetIrInput)
    .query(({ ctx, input }) => getIr(ctx, input)),
  saveIr: mutation
    .meta({
      rest: 'PUT /pipelines/:id/ir',
      summary: 'Saves a new version on top of baseVersion; what is already the latest changes nothing.',
      scope: 'pipelines:write',
      audit: 'pipeline.save',
      output: SaveIrOutput,
      errors: ['PIPELINE_NOT_FOUND', 'VERSION_STALE', 'DOCUMENT_INVALID', 'PIPELINE_NAME_TAKEN'],
    })
    .input(SaveIrInput)
    .mutation(({ ctx, input }) => saveIr(ctx, input)),
  publish: mutation
    .meta({
      rest: 'POST /pipelines/:id/publish',
      summary:
        'Makes a version live (the latest when none is named), and its schedule with it, or asks for the approval that the tenant demands.',
      scope: 'pipelines:write',
      audit: 'pipeline.publish',
      output: PublishOutput,
      isTaken: (answer) => (answer as z.output<typeof PublishOutput>).state === 'waiting',
      errors: ['PIPELINE_NOT_FOUND', 'VERSION_NOT_FOUND', 'DOCUMENT_INVALID', 'QUOTA_EXCEEDED', ...APPROVAL_ERRORS],
    })
    .input(PublishInput)
    .mutation(({ ctx, input }) => publishVersion(ctx, input)),
  versions: procedure
    .meta({
      rest: 'GET /pipelines/:id/versions',
      summary: 'Lists the saved versions, newest first: who saved each, and which is live.',
      scope: 'pipelines:read',
      output: VersionPage,
      errors: ['PIPELINE_NOT_FOUND'],
    })
    .input(PageInput.extend(PipelineRef.shape))
    .query(({ ctx, input }) => listVersions(ctx, input)),
  sqlPreview: procedure
    .meta({
      rest: 'GET /pipelines/:id/sql-preview',
      summary: 'Shows the SQL that a run would execute, node by node.',
      scope: 'pipelines:read',
      output: SqlPreviewOutput,
      errors: ['PIPELINE_NOT_FOUND', 'VERSION_NOT_FOUND'],
    })
    .input(GetIrInput)
    .query(({ ctx, input }) => previewPipelineSql(ctx, input)),
  pause: mutation
    .meta({
      rest: 'POST /pipelines/:id/pause',
      summary: 'Stops the schedule from firing, with a reason and perhaps an end; a run by hand still works.',
      scope: 'schedules:write',
      audit: 'pipeline.pause',
      output: PauseOutput,
      errors: ['PIPELINE_NOT_FOUND', 'PIPELINE_HAS_NO_SCHEDULE'],
    })
    .input(PausePipelineInput)
    .mutation(({ ctx, input }) => pausePipeline(ctx, input)),
  resume: mutation
    .meta({
      rest: 'POST /pipelines/:id/resume',
      summary: 'Lets the schedule fire again, from now on.',
      scope: 'schedules:write',
      audit: 'pipeline.resume',
      output: ResumeOutput,
      errors: ['PIPELINE_NOT_FOUND', 'PIPELINE_HAS_NO_SCHEDULE'],
    })
    .input(PipelineRef)
    .mutation(({ ctx, input }) => resumePipeline(ctx, input)),
  occurrences: procedure
    .meta({
      rest: 'GET /pipelines/:id/occurrences',
      summary: 'Lists what became of each due instant, newest first.',
      scope: 'schedules:read',
      output: OccurrencePage,
      errors: ['PIPELINE_NOT_FOUND'],
    })
    .input(PageInput.extend(PipelineRef.shape))
    .query(({ ctx, input }) => listPipelineOccurrences(ctx, input)),
  validate: procedure
    .meta({
      rest: 'POST /validate',
      summary:
        'Checks a document against the tables as they are: all problems, and the SQL when there are none. Saves nothing.',
      scope: 'pipelines:read',
      output: ValidateOutput,
    })
    .input(ValidateInput)
    .query(({ ctx, input }) => validateDocument(ctx, input)),
};
