// Connections with their encrypted secrets, limits, emergency stops, log levels.
import { sql } from '../drizzle.ts';
import { boolean, integer, jsonb, pgTable, primaryKey, text, uuid } from '../drizzle-columns.ts';
import { bytea, id, instant, tenantId } from './columns.ts';

export const CONNECTION_KINDS = ['webhook', 's3', 'kafka', 'git', 'siem', 'smtp'] as const;
/** What a stop does with runs that are running. */
export const STOP_RUNNING = ['leave', 'cancel'] as const;
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;

export const encryptionKeys = pgTable('encryption_keys', {
  id: text('id').primaryKey(),
  wrapped: bytea('wrapped').notNull(),
  wrappedBy: text('wrapped_by').notNull(),
  isActive: boolean('is_active').notNull(),
  createdAt: instant('created_at').notNull().defaultNow(),
  retiredAt: instant('retired_at'),
});

export const connections = pgTable(
  'connections',
  {
    tenantId: tenantId(),
    id: id(),
    name: text('name').notNull(),
    kind: text('kind', { enum: CONNECTION_KINDS }).notNull(),
    description: text('description').notNull().default(''),
    config: jsonb('config').$type<Record<string, unknown>>().notNull(),
    secretNames: text('secret_names').array().notNull().default(sql`'{}'`),
    secrets: bytea('secrets'),
    keyId: text('key_id'),
    createdBy: text('created_by').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedBy: text('updated_by').notNull(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
    testedAt: instant('tested_at'),
    testOk: boolean('test_ok'),
    testMessage: text('test_message'),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);

/** Where webhooks of alert rules and reports go. */
export const webhookAddresses = pgTable(
  'webhook_addresses',
  {
    tenantId: tenantId(),
    id: id(),
    secrets: bytea('secrets'),
    keyId: text('key_id'),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);

export const tenantLimits = pgTable('tenant_limits', {
  tenantId: uuid('tenant_id').primaryKey(),
  requestsPerSecond: integer('requests_per_second'),
  maxPipelines: integer('max_pipelines'),
  maxSchedules: integer('max_schedules'),
  maxQueuedRuns: integer('max_queued_runs'),
  maxConcurrentRuns: integer('max_concurrent_runs'),
  updatedBy: text('updated_by').notNull(),
  updatedAt: instant('updated_at').notNull().defaultNow(),
});

const stop = () => ({
  reason: text('reason').notNull(),
  running: text('running', { enum: STOP_RUNNING }).notNull(),
  holdsPublishing: boolean('holds_publishing').notNull(),
  stoppedBy: text('stopped_by').notNull(),
  stoppedAt: instant('stopped_at').notNull().defaultNow(),
  resumedBy: text('resumed_by'),
  resumedAt: instant('resumed_at'),
});

export const tenantStops = pgTable('tenant_stops', { tenantId: tenantId(), id: id(), ...stop() }, (t) => [
  primaryKey({ columns: [t.tenantId, t.id] }),
]);
export const instanceStops = pgTable('instance_stops', { id: id().primaryKey(), ...stop() });

export const logLevels = pgTable('log_levels', {
  scope: text('scope').primaryKey(),
  level: text('level', { enum: LOG_LEVELS }).notNull(),
  until: instant('until').notNull(),
  setBy: text('set_by').notNull(),
  setAt: instant('set_at').notNull().defaultNow(),
});
