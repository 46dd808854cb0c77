import { z } from 'zod';
import { mutation, procedure } from '#server/procedure.ts';
import { createModel, deleteModel, getModel, listModels, listModelTables, updateModel } from './models.ts';
import {
  ListModelsOutput,
  ListModelTablesOutput,
  ListVersionsInput,
  ListVersionsOutput,
  Model,
  ModelDeleted,
  ModelInput,
  ModelRef,
  ModelSaved,
  ModelVersion,
  ModelVersionDetail,
  PromoteInput,
  PromoteOutput,
  ScoreInput,
  ScoreOutput,
  UpdateModelInput,
  VersionRef,
} from './schemas.ts';
import { scoreRows } from './score-rows.ts';
import { trainNow } from './train-now.ts';
import { getVersion, listVersions, promoteVersion } from './versions.ts';

const nothing = z.object({}).optional();

export const modelProcedures = {
  list: procedure
    .meta({
      rest: 'GET /models',
      summary: 'Lists the models by name, with what is live and how the last training ended.',
      scope: 'models:read',
      output: ListModelsOutput,
    })
    .input(nothing)
    .query(({ ctx }) => listModels(ctx)),
  tables: procedure
    .meta({
      rest: 'GET /models/tables',
      summary: "Lists the tenant's tables, and which columns can be a feature or a label.",
      scope: 'models:read',
      output: ListModelTablesOutput,
    })
    .input(nothing)
    .query(({ ctx }) => listModelTables(ctx)),
  get: procedure
    .meta({
      rest: 'GET /models/:id',
      summary: 'Returns a model.',
      scope: 'models:read',
      output: Model,
      errors: ['MODEL_NOT_FOUND'],
    })
    .input(ModelRef)
    .query(({ ctx, input }) => getModel(ctx, input)),
  create: mutation
    .meta({
      rest: 'POST /models',
      summary: 'Creates a model after checking its table, features and label; trains nothing yet.',
      scope: 'models:write',
      audit: 'model.create',
      status: 201,
      output: ModelSaved,
      errors: ['MODEL_INVALID', 'MODEL_NAME_TAKEN', 'MODELS_FULL'],
    })
    .input(ModelInput)
    .mutation(({ ctx, input }) => createModel(ctx, input)),
  update: mutation
    .meta({
      rest: 'PATCH /models/:id',
      summary: 'Changes what is named of a model, on top of the revision that was read. Its versions stay.',
      scope: 'models:write',
      audit: 'model.update',
      output: ModelSaved,
      errors: ['MODEL_NOT_FOUND', 'MODEL_CHANGED', 'MODEL_INVALID', 'MODEL_NAME_TAKEN'],
    })
    .input(UpdateModelInput)
    .mutation(({ ctx, input }) => updateModel(ctx, input)),
  // Not in one transaction: it reads the table for as long as it takes. Its Idempotency-Key is claimed with its version.
  train: procedure
    .meta({
      rest: 'POST /models/:id/train',
      summary: 'Trains the next version now and tells whether it went live, or why not.',
      scope: 'models:write',
      audit: 'model.train',
      output: ModelVersion,
      errors: ['MODEL_NOT_FOUND', 'MODEL_TRAINING', 'MODEL_VERSION_NOT_FOUND'],
    })
    .input(ModelRef)
    .mutation(({ ctx, input }) => trainNow(ctx, input, ctx.idempotencyKey)),
  score: procedure
    .meta({
      rest: 'POST /models/:id/score',
      summary: 'Gives the probability of the positive class for up to 1,000 rows, by the live version.',
      scope: 'models:read',
      output: ScoreOutput,
      errors: ['MODEL_NOT_FOUND', 'MODEL_NOT_LIVE', 'MODEL_VERSION_NOT_FOUND'],
    })
    .input(ScoreInput)
    .query(({ ctx, input }) => scoreRows(ctx, input)),
  versions: procedure
    .meta({
      rest: 'GET /models/:id/versions',
      summary: "Lists a model's versions, newest first, with their metrics and why they went live or did not.",
      scope: 'models:read',
      output: ListVersionsOutput,
      errors: ['MODEL_NOT_FOUND'],
    })
    .input(ListVersionsInput)
    .query(({ ctx, input }) => listVersions(ctx, input)),
  version: procedure
    .meta({
      rest: 'GET /models/:id/versions/:version',
      summary: 'Returns one version with its parameters, its ROC curve and its calibration.',
      scope: 'models:read',
      output: ModelVersionDetail,
      errors: ['MODEL_VERSION_NOT_FOUND'],
    })
    .input(VersionRef)
    .query(({ ctx, input }) => getVersion(ctx, input)),
  promote: mutation
    .meta({
      rest: 'POST /models/:id/promote',
      summary:
        'Puts a trained version live, also an earlier one; one that is worse or answers another question only when told so.',
      scope: 'models:write',
      audit: 'model.promote',
      output: PromoteOutput,
      errors: ['MODEL_NOT_FOUND', 'MODEL_VERSION_NOT_FOUND', 'MODEL_VERSION_WORSE', 'MODEL_VERSION_OTHER'],
    })
    .input(PromoteInput)
    .mutation(({ ctx, input }) => promoteVersion(ctx, input)),
  delete: mutation
    .meta({
      rest: 'DELETE /models/:id',
      summary: 'Deletes a model with all its versions.',
      scope: 'models:write',
      audit: 'model.delete',
      output: ModelDeleted,
      errors: ['MODEL_NOT_FOUND'],
    })
    .input(ModelRef)
    .mutation(({ ctx, input }) => deleteModel(ctx, input)),
};
