import { boolean, integer, jsonb, pgTable, primaryKey, text, uuid } from '../drizzle-columns.ts';
import { count, id, instant, tenantId } from './columns.ts';

export const pipelines = pgTable(
  'pipelines',
  {
    tenantId: tenantId(),
    id: id(),
    name: text('name').notNull(),
    description: text('description').notNull().default(''),
    owner: text('owner').notNull().default(''),
    latestVersion: integer('latest_version').notNull().default(0),
    liveVersion: integer('live_version'),
    archivedAt: instant('archived_at'),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);

export const pipelineLabels = pgTable(
  'pipeline_labels',
  {
    tenantId: tenantId(),
    pipelineId: uuid('pipeline_id').notNull(),
    key: text('key').notNull(),
    value: text('value').notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.pipelineId, t.key] })],
);

export const pipelineVersions = pgTable(
  'pipeline_versions',
  {
    tenantId: tenantId(),
    pipelineId: uuid('pipeline_id').notNull(),
    version: integer('version').notNull(),
    /** A parsed PipelineDocument; the type is the ir room's, which this folder may not import. */
    ir: jsonb('ir').$type<unknown>().notNull(),
    digest: text('digest').notNull(),
    createdBy: text('created_by').notNull().default(''),
    createdAt: instant('created_at').notNull().defaultNow(),
    publishedAt: instant('published_at'),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.pipelineId, t.version] })],
);

export const schedules = pgTable(
  'schedules',
  {
    tenantId: tenantId(),
    id: id(),
    pipelineId: uuid('pipeline_id').notNull(),
    version: integer('version').notNull(),
    schedule: jsonb('schedule').$type<unknown>().notNull(),
    policies: jsonb('policies').$type<unknown>().notNull(),
    maxAttempts: integer('max_attempts').notNull().default(1),
    enabled: boolean('enabled').notNull().default(true),
    nextFireAt: instant('next_fire_at'),
    pausedAt: instant('paused_at'),
    pausedBy: text('paused_by'),
    pauseReason: text('pause_reason'),
    pauseUntil: instant('pause_until'),
    resumedAt: instant('resumed_at'),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);

export const VERDICTS = [
  'pending',
  'fired',
  'late',
  'coalesced',
  'skipped_overlap',
  'skipped_paused',
  'skipped_blackout',
  'missed_window',
  'capped',
] as const;

export const occurrences = pgTable(
  'occurrences',
  {
    scheduleId: uuid('schedule_id').notNull(),
    dueAt: instant('due_at').notNull(),
    tenantId: tenantId(),
    pipelineId: uuid('pipeline_id').notNull(),
    dueUntil: instant('due_until'),
    count: count('count').notNull().default(1),
    verdict: text('verdict', { enum: VERDICTS }).notNull(),
    reason: text('reason').notNull().default(''),
    runId: uuid('run_id'),
    decidedAt: instant('decided_at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.scheduleId, t.dueAt] })],
);

export const checkpoints = pgTable(
  'checkpoints',
  {
    tenantId: tenantId(),
    pipelineId: uuid('pipeline_id').notNull(),
    nodeId: text('node_id').notNull(),
    position: jsonb('position').$type<Record<string, unknown>>().notNull(),
    runId: uuid('run_id').notNull(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.pipelineId, t.nodeId] })],
);
