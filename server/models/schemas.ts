import { z } from 'zod';
import { MODEL_KINDS, MODEL_VERSION_STATUSES, TRAINING_PHASES } from '#db/schema/index.ts';
import { MAX_CATEGORY_CHARS, MAX_FEATURES, MAX_SCORED_ROWS } from './limits.ts';

const instant = z.iso.datetime();
const version = z.number().int().min(1).max(2_147_483_647);
const column = z.string().min(1).max(63);
const share = z.number().min(0).max(1);

export const ModelSchedule = z.object({
  cron: z.string().trim().min(1).max(200).describe('Five fields, on the wall clock of the time zone.'),
  timezone: z.string().min(1).max(100).default('UTC'),
});
const fields = {
  name: z.string().trim().min(1).max(200),
  kind: z.enum(MODEL_KINDS),
  sourceTable: z.string().min(1).max(63).describe("A table or view of the tenant's own schema."),
  features: z.array(column).min(1, 'name at least one column').max(MAX_FEATURES),
  label: column,
  positive: z
    .string()
    .min(1)
    .max(MAX_CATEGORY_CHARS)
    .describe("The label's value, as text, whose probability is given; by default true, or the last in order."),
  schedule: ModelSchedule.nullable().describe('When it is trained anew; null: only by hand.'),
};
export const ModelInput = z.object({
  ...fields,
  positive: fields.positive.optional(),
  schedule: fields.schedule.default(null),
});
export type ModelInput = z.infer<typeof ModelInput>;
export const ModelRef = z.object({ id: z.uuid() });
export const UpdateModelInput = z.object({
  ...ModelRef.shape,
  revision: z.number().int().min(1).describe('The one that was read: a change made since is not overwritten.'),
  ...z.object(fields).partial().shape,
});
export type UpdateModelInput = z.infer<typeof UpdateModelInput>;
export const ModelSaved = z.object({ id: z.string(), revision: z.number().int() });

const ModelState = z
  .enum(['untrained', 'training', 'live', 'refused', 'failed'])
  .describe('`refused`: trained, and no version is good enough yet; `failed`: the last training was not done.');
export const Model = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(MODEL_KINDS),
  sourceTable: z.string(),
  features: z.array(z.string()),
  label: z.string(),
  positive: z.string(),
  negative: z.string(),
  schedule: ModelSchedule.nullable(),
  nextAt: instant.nullable().describe('From when on it is due, by its schedule.'),
  trainsAt: instant
    .nullable()
    .describe(
      'When it is trained: the first fire of `scheduledRetrains` from `nextAt` on; null: nothing here fires that job.',
    ),
  state: ModelState,
  revision: z.number().int(),
  live: z.object({ version, auc: share.nullable(), logLoss: z.number(), trainedAt: instant }).nullable(),
  last: z
    .object({ version, status: z.enum(MODEL_VERSION_STATUSES), reason: z.string().nullable(), startedAt: instant })
    .nullable(),
  createdBy: z.string(),
  updatedBy: z.string(),
  updatedAt: instant,
});
export type Model = z.infer<typeof Model>;
export const ListModelsOutput = z.object({ items: z.array(Model) });
export const ModelDeleted = z.object({ id: z.string() });

export const ModelTable = z.object({
  name: z.string(),
  columns: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      feature: z.enum(['number', 'boolean', 'category']).nullable().describe('Null: cannot be a feature.'),
      canBeLabel: z.boolean(),
    }),
  ),
});
export type ModelTable = z.infer<typeof ModelTable>;
export const ListModelTablesOutput = z.object({ items: z.array(ModelTable) });

const Metrics = z.object({
  auc: share.nullable().describe('Null where the hold-out has one class only.'),
  logLoss: z.number().describe('Nats a row, on the hold-out.'),
  accuracy: share,
  positives: z.number().int(),
  baseline: z.object({ logLoss: z.number(), accuracy: share, accuracyError: z.number() }),
  groups: z
    .tuple([z.number().int(), z.number().int()])
    .describe('Rows of either class that count one by one, negative first: fewer where rows repeat.'),
  gain: z.number().describe("The baseline's log loss less this version's."),
  gainError: z
    .number()
    .describe('The standard error of the gain, paired by row, rows held out together weighing as one.'),
  live: z
    .object({ version, logLoss: z.number(), auc: share.nullable(), gain: z.number(), gainError: z.number() })
    .nullable()
    .describe('What the version that was live then says of the same rows.'),
});
export const ModelVersion = z.object({
  version,
  status: z.enum(MODEL_VERSION_STATUSES),
  phase: z.enum(TRAINING_PHASES).nullable().describe('What the training is doing; null when it is over.'),
  isLive: z.boolean(),
  wasLive: z.boolean().describe('Whether it is live or has been, by its training or by hand.'),
  promoted: z.boolean().nullable().describe('Whether its training put it live.'),
  reason: z.string().nullable(),
  metrics: Metrics.nullable(),
  trainingRows: z.number().int().nullable(),
  holdoutRows: z.number().int().nullable(),
  kind: z.enum(MODEL_KINDS),
  trainedBy: z.string(),
  startedAt: instant,
  trainedAt: instant.nullable(),
});
export type ModelVersion = z.infer<typeof ModelVersion>;
export const ListVersionsInput = ModelRef.extend({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(1_000).optional(),
});
export type ListVersionsInput = z.infer<typeof ListVersionsInput>;
export const ListVersionsOutput = z.object({ items: z.array(ModelVersion), nextCursor: z.string().nullable() });

export const VersionRef = ModelRef.extend({ version: z.coerce.number().int().min(1).max(2_147_483_647) });
const Term = z.discriminatedUnion('kind', [
  z.object({
    ...{ kind: z.literal('number'), feature: z.string(), center: z.number(), scale: z.number() },
    ...{ constant: z.number(), linear: z.number(), quadratic: z.number(), missing: z.number() },
  }),
  z.object({
    ...{ kind: z.enum(['category', 'boolean']), feature: z.string(), other: z.number(), missing: z.number() },
    values: z.array(z.object({ value: z.string(), weight: z.number() })),
  }),
]);
export const ModelVersionDetail = ModelVersion.extend({
  sourceTable: z.string(),
  features: z.array(z.string()),
  label: z.string(),
  positive: z.string(),
  negative: z.string(),
  split: z
    .object({
      ...{
        by: z.enum(['key', 'row', 'features']),
        columns: z.array(z.string()),
        percent: z.number(),
        seed: z.number(),
      },
      combinations: z
        .number()
        .int()
        .nullable()
        .describe("Different combinations of the features' values, of all rows."),
    })
    .nullable(),
  parameters: z
    .object({ intercept: z.number(), terms: z.array(Term), passes: z.number().int().nullable() })
    .nullable()
    .describe('What each feature adds to the log-odds.'),
  curves: z
    .object({
      roc: z.array(z.object({ falsePositives: share, truePositives: share })),
      calibration: z.array(z.object({ predicted: share, observed: share, rows: z.number().int() })),
    })
    .nullable(),
  promotions: z.array(
    z.object({ promotedAt: instant, promotedBy: z.string(), reason: z.string(), before: version.nullable() }),
  ),
});
export type ModelVersionDetail = z.infer<typeof ModelVersionDetail>;

export const PromoteInput = ModelRef.extend({
  version,
  reason: z.string().trim().min(1, 'say why').max(1_000),
  acceptWorse: z.boolean().default(false).describe('Promote it although it is worse than what is live.'),
  acceptOther: z
    .boolean()
    .default(false)
    .describe('Promote it although it answers another question than what is live: of another table, label or class.'),
});
export type PromoteInput = z.infer<typeof PromoteInput>;
export const PromoteOutput = z.object({ id: z.string(), version, warning: z.string().nullable() });

export const ScoreInput = ModelRef.extend({
  version: version.optional().describe('Another trained version than the live one.'),
  rows: z
    .array(z.record(z.string().max(63), z.union([z.number(), z.boolean(), z.string().max(10_000), z.null()])))
    .min(1)
    .max(MAX_SCORED_ROWS)
    .describe('Each by feature. One left out or null is a missing value, which the model has learned about.'),
});
export type ScoreInput = z.infer<typeof ScoreInput>;
export const ScoreOutput = z.object({
  version,
  positive: z.string().describe("The label's value whose probability this is."),
  scores: z.array(z.object({ probability: share })),
});
