import { mutation, procedure } from '#server/procedure.ts';
import { getIr, getPipeline } from './get-pipeline.ts';
import { listPipelines } from './list-pipelines.ts';
import { listPipelineOccurrences, pausePipeline, resumePipeline } from './pause-pipeline.ts';
import { publishVersion } from './publish-version.ts';
import { createPipeline, saveIr } from './save-version.ts';
import {
  CreatePipelineInput,
  GetIrInput,
  ListPipelinesInput,
  PageInput,
  PausePipelineInput,
  PipelineRef,
  PublishInput,
  SaveIrInput,
  ValidateInput,
} from './schemas.ts';
import { previewPipelineSql, validateDocument } from './validate-document.ts';

export const pipelineProcedures = {
  list: procedure
    .meta({ rest: 'GET /pipelines', scope: 'pipelines:read' })
    .input(ListPipelinesInput)
    .query(({ ctx, input }) => listPipelines(ctx, input)),
  create: mutation
    .meta({ rest: 'POST /pipelines', scope: 'pipelines:write', audit: 'pipeline.create', status: 201 })
    .input(CreatePipelineInput)
    .mutation(async ({ ctx, input }) => {
      const made = await createPipeline(ctx, input);
      if (input.publish) await publishVersion(ctx, { id: made.id });
      return made;
    }),
  get: procedure
    .meta({ rest: 'GET /pipelines/:id', scope: 'pipelines:read' })
    .input(PipelineRef)
    .query(({ ctx, input }) => getPipeline(ctx, input)),
  ir: procedure
    .meta({ rest: 'GET /pipelines/:id/ir', scope: 'pipelines:read' })
    .input(GetIrInput)
    .query(({ ctx, input }) => getIr(ctx, input)),
  saveIr: mutation
    .meta({ rest: 'PUT /pipelines/:id/ir', scope: 'pipelines:write', audit: 'pipeline.save' })
    .input(SaveIrInput)
    .mutation(({ ctx, input }) => saveIr(ctx, input)),
  publish: mutation
    .meta({ rest: 'POST /pipelines/:id/publish', scope: 'pipelines:write', audit: 'pipeline.publish' })
    .input(PublishInput)
    .mutation(({ ctx, input }) => publishVersion(ctx, input)),
  sqlPreview: procedure
    .meta({ rest: 'GET /pipelines/:id/sql-preview', scope: 'pipelines:read' })
    .input(GetIrInput)
    .query(({ ctx, input }) => previewPipelineSql(ctx, input)),
  pause: mutation
    .meta({ rest: 'POST /pipelines/:id/pause', scope: 'schedules:write', audit: 'pipeline.pause' })
    .input(PausePipelineInput)
    .mutation(({ ctx, input }) => pausePipeline(ctx, input)),
  resume: mutation
    .meta({ rest: 'POST /pipelines/:id/resume', scope: 'schedules:write', audit: 'pipeline.resume' })
    .input(PipelineRef)
    .mutation(({ ctx, input }) => resumePipeline(ctx, input)),
  occurrences: procedure
    .meta({ rest: 'GET /pipelines/:id/occurrences', scope: 'schedules:read' })
    .input(PageInput.extend(PipelineRef.shape))
    .query(({ ctx, input }) => listPipelineOccurrences(ctx, input)),
  validate: procedure
    .meta({ rest: 'POST /validate', scope: 'pipelines:read' })
    .input(ValidateInput)
    .query(({ ctx, input }) => validateDocument(ctx, input)),
};
