import { boolean, integer, jsonb, pgTable, primaryKey, text, uuid } from '../drizzle-columns.ts';
import { id, instant, tenantId } from './columns.ts';

/** What becomes of a change request; all but the first are ends. */
export const REQUEST_STATES = ['open', 'applied', 'rejected', 'withdrawn', 'expired', 'superseded', 'stale'] as const;

export const approvalSettings = pgTable('approval_settings', {
  tenantId: tenantId().primaryKey(),
  version: integer('version').notNull().default(1),
  selectors: jsonb('selectors').$type<unknown>().notNull(),
  stages: jsonb('stages').$type<unknown>().notNull(),
  expiryHours: integer('expiry_hours').notNull(),
  allowSamePerson: boolean('allow_same_person').notNull().default(false),
  updatedBy: text('updated_by').notNull(),
  updatedAt: instant('updated_at').notNull().defaultNow(),
});

export const approvalRequests = pgTable(
  'approval_requests',
  {
    tenantId: tenantId(),
    id: id(),
    /** Null: a change of the rules themselves, from `rulesBefore` to `rulesAfter`; its versions are the rules'. */
    pipelineId: uuid('pipeline_id'),
    rulesBefore: jsonb('rules_before').$type<unknown>(),
    rulesAfter: jsonb('rules_after').$type<unknown>(),
    baseVersion: integer('base_version'),
    targetVersion: integer('target_version').notNull(),
    targetHash: text('target_hash').notNull(),
    state: text('state', { enum: REQUEST_STATES }).notNull().default('open'),
    selectors: text('selectors').array().notNull(),
    settingsVersion: integer('settings_version').notNull(),
    allowSamePerson: boolean('allow_same_person').notNull(),
    requestedBy: text('requested_by').notNull(),
    requesterId: uuid('requester_id'),
    authors: jsonb('authors').$type<{ name: string; userId: string | null }[]>().notNull(),
    requestedAt: instant('requested_at').notNull().defaultNow(),
    expiresAt: instant('expires_at').notNull(),
    closedAt: instant('closed_at'),
    closedBy: text('closed_by'),
    closeReason: text('close_reason'),
    counted: jsonb('counted').$type<[stage: number, userId: string][]>(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);

export const approvalStages = pgTable(
  'approval_stages',
  {
    tenantId: tenantId(),
    requestId: uuid('request_id').notNull(),
    stage: integer('stage').notNull(),
    name: text('name').notNull(),
    approvers: integer('approvers').notNull(),
    roles: text('roles').array().notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.requestId, t.stage] })],
);

export const approvalVotes = pgTable(
  'approval_votes',
  {
    tenantId: tenantId(),
    requestId: uuid('request_id').notNull(),
    stage: integer('stage').notNull(),
    userId: uuid('user_id').notNull(),
    voter: text('voter').notNull(),
    comment: text('comment').notNull().default(''),
    votedAt: instant('voted_at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.requestId, t.stage, t.userId] })],
);
