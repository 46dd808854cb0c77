import {
  bigint,
  boolean,
  doublePrecision,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  uuid,
} from '../drizzle-columns.ts';
import { count, id, instant, tenantId, tx } from './columns.ts';

export const RUN_STATUSES = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'skipped'] as const;
export const RUN_TRIGGERS = ['schedule', 'manual', 'backfill', 'file', 'replay', 'upstream'] as const;
export const ATTEMPT_STATUSES = ['running', 'succeeded', 'failed', 'cancelled', 'lost'] as const;
export const NODE_STATUSES = ['pending', 'running', 'succeeded', 'failed', 'skipped'] as const;
export const FILE_STATES = ['claimed', 'committed', 'rejected', 'finished', 'released'] as const;

/** What made a run or an attempt fail, as the pages and the API show it. */
export type RunError = { code: string; message: string; nodeId?: string; isTransient: boolean; errorId: string };
/** How far a running run is; written by the heartbeat's own connection. */
export type RunProgress = {
  nodeId: string | null;
  nodesDone: number;
  nodesTotal: number;
  rowsRead: number;
  updatedAt: string;
};
export type NodeWarning = { rule: string; message: string; rowCount: number };

export const runs = pgTable(
  'runs',
  {
    tenantId: tenantId(),
    id: id(),
    tx: tx(),
    pipelineId: uuid('pipeline_id').notNull(),
    version: integer('version').notNull(),
    status: text('status', { enum: RUN_STATUSES }).notNull().default('queued'),
    trigger: text('trigger', { enum: RUN_TRIGGERS }).notNull(),
    scheduleId: uuid('schedule_id'),
    scheduledFor: instant('scheduled_for'),
    intervalStart: instant('interval_start'),
    intervalEnd: instant('interval_end'),
    backfillId: uuid('backfill_id'),
    params: jsonb('params').$type<Record<string, string | number | boolean | null>>().notNull().default({}),
    attempt: integer('attempt').notNull().default(0),
    maxAttempts: integer('max_attempts').notNull().default(1),
    queuedAt: instant('queued_at').notNull().defaultNow(),
    startedAt: instant('started_at'),
    finishedAt: instant('finished_at'),
    rowsIn: count('rows_in'),
    rowsOut: count('rows_out'),
    rowsRejected: count('rows_rejected'),
    note: text('note'),
    error: jsonb('error').$type<RunError>(),
    requestedBy: text('requested_by').notNull().default(''),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);

export const runQueue = pgTable('run_queue', {
  runId: uuid('run_id').primaryKey(),
  tenantId: tenantId(),
  pipelineId: uuid('pipeline_id').notNull(),
  scheduleId: uuid('schedule_id'),
  scheduledFor: instant('scheduled_for'),
  priority: smallint('priority').notNull().default(0),
  availableAt: instant('available_at').notNull().defaultNow(),
  attempt: integer('attempt').notNull().default(0),
  maxAttempts: integer('max_attempts').notNull().default(1),
  maxConcurrentRuns: integer('max_concurrent_runs').notNull().default(1),
  token: bigint('token', { mode: 'number' }).notNull().default(0),
  claimedBy: text('claimed_by'),
  claimedAt: instant('claimed_at'),
  leaseUntil: instant('lease_until'),
  cancelRequestedAt: instant('cancel_requested_at'),
  progress: jsonb('progress').$type<RunProgress>(),
});

export const runAttempts = pgTable(
  'run_attempts',
  {
    tenantId: tenantId(),
    runId: uuid('run_id').notNull(),
    attempt: integer('attempt').notNull(),
    token: bigint('token', { mode: 'number' }).notNull(),
    runner: text('runner').notNull(),
    status: text('status', { enum: ATTEMPT_STATUSES }).notNull(),
    startedAt: instant('started_at').notNull().defaultNow(),
    finishedAt: instant('finished_at'),
    error: jsonb('error').$type<RunError>(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.runId, t.attempt] })],
);

export const runNodes = pgTable(
  'run_nodes',
  {
    tenantId: tenantId(),
    runId: uuid('run_id').notNull(),
    nodeId: text('node_id').notNull(),
    attempt: integer('attempt').notNull(),
    ordinal: integer('ordinal').notNull(),
    kind: text('kind').notNull(),
    name: text('name').notNull().default(''),
    status: text('status', { enum: NODE_STATUSES }).notNull(),
    rowsIn: count('rows_in').notNull().default(0),
    rowsOut: count('rows_out').notNull().default(0),
    rowsRejected: count('rows_rejected').notNull().default(0),
    bytes: count('bytes'),
    durationMs: doublePrecision('duration_ms'),
    sql: text('sql').notNull().default(''),
    warnings: jsonb('warnings').$type<NodeWarning[]>().notNull().default([]),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.runId, t.nodeId] })],
);

export const dlqEntries = pgTable(
  'dlq_entries',
  {
    tenantId: tenantId(),
    id: id(),
    tx: tx(),
    pipelineId: uuid('pipeline_id').notNull(),
    runId: uuid('run_id').notNull(),
    version: integer('version').notNull(),
    nodeId: text('node_id').notNull(),
    rule: text('rule').notNull(),
    errorKind: text('error_kind').notNull(),
    message: text('message').notNull(),
    attempts: integer('attempts').notNull().default(1),
    sourceNode: text('source_node'),
    rowKey: jsonb('row_key').$type<unknown>(),
    isReplayable: boolean('is_replayable').notNull().default(false),
    payload: jsonb('payload').$type<unknown>(),
    isPayloadTruncated: boolean('is_payload_truncated').notNull().default(false),
    firstSeenAt: instant('first_seen_at').notNull().defaultNow(),
    lastSeenAt: instant('last_seen_at').notNull().defaultNow(),
    replayCount: integer('replay_count').notNull().default(0),
    ackedAt: instant('acked_at'),
    ackedBy: text('acked_by'),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);

export const runFiles = pgTable(
  'run_files',
  {
    tenantId: tenantId(),
    id: id(),
    pipelineId: uuid('pipeline_id').notNull(),
    nodeId: text('node_id').notNull(),
    runId: uuid('run_id').notNull(),
    path: text('path').notNull(),
    processingPath: text('processing_path').notNull(),
    finalPath: text('final_path'),
    sizeBytes: count('size_bytes').notNull(),
    modifiedAt: instant('modified_at').notNull(),
    state: text('state', { enum: FILE_STATES }).notNull(),
    rowsRead: count('rows_read'),
    error: text('error'),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);
