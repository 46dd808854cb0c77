import { boolean, integer, jsonb, pgTable, primaryKey, text, uuid } from '../drizzle-columns.ts';
import { count, id, instant, tenantId, xid8 } from './columns.ts';

export const DATA_CLASSES = ['decision_traces', 'interaction_history', 'ai_attachments'] as const;
export const RETENTION_MODES = ['strictest', 'per_class'] as const;
/** The tables of the classes: the outcomes of interactions belong to the class of the interactions. */
export const CLASS_TABLES = {
  decision_traces: ['decision_traces'],
  interaction_history: ['interaction_history', 'interaction_outcomes'],
  ai_attachments: ['ai_attachments'],
} as const satisfies Record<(typeof DATA_CLASSES)[number], readonly string[]>;
export type ClassTable = (typeof CLASS_TABLES)[DataClass][number];
export type DataClass = (typeof DATA_CLASSES)[number];
export type RetentionMode = (typeof RETENTION_MODES)[number];

export const retentionSettings = pgTable('retention_settings', {
  tenantId: uuid('tenant_id').primaryKey(),
  mode: text('mode', { enum: RETENTION_MODES }).notNull().default('per_class'),
  /** Days within which a data request is due that names no date. */
  requestDueDays: integer('request_due_days').notNull().default(30),
  updatedBy: text('updated_by').notNull().default(''),
  updatedAt: instant('updated_at').notNull().defaultNow(),
});

export const retentionPolicies = pgTable(
  'retention_policies',
  {
    tenantId: tenantId(),
    dataClass: text('data_class', { enum: DATA_CLASSES }).notNull(),
    retentionDays: integer('retention_days').notNull(),
    legalHold: boolean('legal_hold').notNull().default(false),
    note: text('note').notNull().default(''),
    updatedBy: text('updated_by').notNull().default(''),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.dataClass] })],
);

export const retentionHolds = pgTable(
  'retention_holds',
  {
    tenantId: tenantId(),
    id: id(),
    dataClass: text('data_class', { enum: DATA_CLASSES }),
    customerId: text('customer_id'),
    reason: text('reason').notNull(),
    placedBy: text('placed_by').notNull(),
    placedAt: instant('placed_at').notNull().defaultNow(),
    releaseReason: text('release_reason'),
    releasedBy: text('released_by'),
    releasedAt: instant('released_at'),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);

/** What a purge does with a class: deletes what was recorded before the cutoff, or leaves it alone. */
export type ClassPlan = { days: number; cutoffAt: string } | { days: null; isHeld: boolean };
export type PurgePlan = Record<DataClass, ClassPlan>;

export const retentionPurges = pgTable(
  'retention_purges',
  {
    tenantId: tenantId(),
    id: id(),
    mode: text('mode', { enum: RETENTION_MODES }).notNull(),
    retentionDays: integer('retention_days').notNull(),
    plan: jsonb('plan').$type<PurgePlan>().notNull(),
    positions: jsonb('positions').$type<Partial<Record<ClassTable, string>>>().notNull().default({}),
    decisionTraces: count('decision_traces').notNull().default(0),
    interactionHistory: count('interaction_history').notNull().default(0),
    aiAttachments: count('ai_attachments').notNull().default(0),
    blobsAttempted: count('blobs_attempted').notNull().default(0),
    blobsDeleted: count('blobs_deleted').notNull().default(0),
    errors: jsonb('errors').$type<string[]>().notNull().default([]),
    startedAt: instant('started_at').notNull().defaultNow(),
    resumptions: integer('resumptions').notNull().default(0),
    finishedAt: instant('finished_at'),
    /** When a run of the job last took it up. */
    takenUpAt: instant('taken_up_at'),
    previousHash: text('previous_hash'),
    hash: text('hash'),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);

export const retentionBlobs = pgTable(
  'retention_blobs',
  {
    tenantId: tenantId(),
    location: text('location').notNull(),
    purgeId: uuid('purge_id').notNull(),
    attempts: integer('attempts').notNull().default(0),
    lastError: text('last_error'),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.location] })],
);

/** Months that were taken out of their table to be dropped; the owner's functions alone read and write it. */
export const detachedMonths = pgTable('detached_months', {
  part: text('part').primaryKey(),
  ofTable: text('of_table').notNull(),
  judgedBy: xid8('judged_by').notNull(),
  isDetached: boolean('is_detached').notNull().default(false),
});
