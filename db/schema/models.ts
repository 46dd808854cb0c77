import { boolean, integer, jsonb, pgTable, primaryKey, text, uuid } from '../drizzle-columns.ts';
import { count, id, instant, tenantId } from './columns.ts';

export const MODEL_KINDS = ['naive_bayes', 'logistic'] as const;
export type ModelKind = (typeof MODEL_KINDS)[number];
export const MODEL_VERSION_STATUSES = ['training', 'ready', 'failed'] as const;
export type ModelVersionStatus = (typeof MODEL_VERSION_STATUSES)[number];
/** What a training is doing, in this order. */
export const TRAINING_PHASES = ['reading', 'fitting', 'scoring'] as const;
export type TrainingPhase = (typeof TRAINING_PHASES)[number];

/** From what a model learns what: kept with each version as it was then. */
export type ModelDefinition = {
  kind: ModelKind;
  sourceTable: string;
  features: string[];
  label: string;
  positive: string;
  negative: string;
};

/**
 * What one feature adds to the log-odds. A number x: `missing`, or constant + linear·z + quadratic·z² with
 * z = (x − center) / scale. A category: the weight of its value, `other` for one that is not listed.
 */
export type ModelTerm =
  | {
      kind: 'number';
      feature: string;
      center: number;
      scale: number;
      constant: number;
      linear: number;
      quadratic: number;
      missing: number;
    }
  | {
      kind: 'category' | 'boolean';
      feature: string;
      values: { value: string; weight: number }[];
      other: number;
      missing: number;
    };
export type ModelParameters = { intercept: number; terms: ModelTerm[]; passes: number | null };

/** On the hold-out, in nats a row; null where a class is absent. */
export type ModelMetrics = {
  auc: number | null;
  logLoss: number;
  accuracy: number;
  positives: number;
  /** Always telling the training rows' share of positives, and always the class they have more of. */
  baseline: { logLoss: number; accuracy: number; accuracyError: number };
  /** How much less log loss than the baseline a row, and the standard error of that, paired. */
  gain: number;
  gainError: number;
  /** Rows of either class that count one by one, negative first. */
  groups: [negative: number, positive: number];
  /** The version that was live, on the same rows. */
  live: { version: number; logLoss: number; auc: number | null; gain: number; gainError: number } | null;
};
export type ModelCurves = {
  roc: { falsePositives: number; truePositives: number }[];
  calibration: { predicted: number; observed: number; rows: number }[];
};
/**
 * Rows whose hash of these columns (all, where the table has no key and its rows do not repeat) falls below `percent`
 * are held out. `combinations`: how many different values of the features all rows have; null before it is counted.
 */
export type ModelSplit = {
  by: 'key' | 'row' | 'features';
  columns: string[];
  percent: number;
  seed: number;
  combinations: number | null;
};

export const models = pgTable(
  'models',
  {
    tenantId: tenantId(),
    id: id(),
    name: text('name').notNull(),
    kind: text('kind', { enum: MODEL_KINDS }).notNull(),
    sourceTable: text('source_table').notNull(),
    features: jsonb('features').$type<string[]>().notNull(),
    label: text('label').notNull(),
    positive: text('positive').notNull(),
    negative: text('negative').notNull(),
    cron: text('cron'),
    timezone: text('timezone'),
    nextAt: instant('next_at'),
    liveVersion: integer('live_version'),
    latestVersion: integer('latest_version').notNull().default(0),
    revision: integer('revision').notNull().default(1),
    createdBy: text('created_by').notNull(),
    updatedBy: text('updated_by').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);

export const modelVersions = pgTable(
  'model_versions',
  {
    tenantId: tenantId(),
    modelId: uuid('model_id').notNull(),
    version: integer('version').notNull(),
    status: text('status', { enum: MODEL_VERSION_STATUSES }).notNull().default('training'),
    phase: text('phase', { enum: TRAINING_PHASES }),
    definition: jsonb('definition').$type<ModelDefinition>().notNull(),
    parameters: jsonb('parameters').$type<ModelParameters>(),
    metrics: jsonb('metrics').$type<ModelMetrics>(),
    curves: jsonb('curves').$type<ModelCurves>(),
    trainingRows: count('training_rows'),
    holdoutRows: count('holdout_rows'),
    split: jsonb('split').$type<ModelSplit>(),
    promoted: boolean('promoted'),
    reason: text('reason'),
    trainedBy: text('trained_by').notNull(),
    startedAt: instant('started_at').notNull().defaultNow(),
    trainedAt: instant('trained_at'),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.modelId, t.version] })],
);

export const modelPromotions = pgTable(
  'model_promotions',
  {
    tenantId: tenantId(),
    id: id(),
    modelId: uuid('model_id').notNull(),
    version: integer('version').notNull(),
    beforeVersion: integer('before_version'),
    reason: text('reason').notNull(),
    promotedBy: text('promoted_by').notNull(),
    promotedAt: instant('promoted_at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);
