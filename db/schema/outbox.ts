import { sql } from '../drizzle.ts';
import {
  bigint,
  boolean,
  customType,
  doublePrecision,
  integer,
  jsonb,
  pgEnum,
  pgTable,
  primaryKey,
  smallint,
  text,
  uuid,
} from '../drizzle-columns.ts';
import { count, id, instant, tenantId, tx } from './columns.ts';

export const EVENT_STATUSES = ['pending', 'processing', 'published', 'failed', 'discarded'] as const;
export const eventStatus = pgEnum('outbox_status', EVENT_STATUSES);

// Domains: their limits are checked where a value is put in.
const eventType = customType<{ data: string }>({ dataType: () => 'outbox_type' });
const eventKey = customType<{ data: string }>({ dataType: () => 'outbox_key' });
const payloadBytes = customType<{ data: number }>({ dataType: () => 'outbox_payload_bytes' });
const headersBytes = customType<{ data: number }>({ dataType: () => 'outbox_headers_bytes' });

export const outboxEvents = pgTable(
  'outbox_events',
  {
    tenantId: tenantId(),
    id: id(),
    tx: tx(),
    seq: bigint('seq', { mode: 'number' }).notNull().generatedAlwaysAsIdentity(),
    lane: smallint('lane').notNull(),
    type: eventType('type').notNull(),
    key: eventKey('key').notNull(),
    payload: jsonb('payload').$type<unknown>().notNull(),
    payloadBytes: payloadBytes('payload_bytes').notNull(),
    headers: jsonb('headers').$type<Record<string, string>>().notNull().default({}),
    status: eventStatus('status').notNull().default('pending'),
    attempts: integer('attempts').notNull().default(0),
    requeueCount: integer('requeue_count').notNull().default(0),
    claimToken: bigint('claim_token', { mode: 'number' }),
    lastError: text('last_error'),
    errorId: text('error_id'),
    availableAt: instant('available_at').notNull().defaultNow(),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
    publishedAt: instant('published_at'),
    failedAt: instant('failed_at'),
    headersBytes: headersBytes('headers_bytes').notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);

export const outboxLanes = pgTable('outbox_lanes', {
  lane: smallint('lane').primaryKey(),
  owner: text('owner'),
  token: bigint('token', { mode: 'number' }).notNull().default(0),
  leaseUntil: instant('lease_until'),
  lowWater: bigint('low_water', { mode: 'number' }).notNull().default(0),
  claimedFrom: bigint('claimed_from', { mode: 'number' }).notNull().default(0),
  claimedTo: bigint('claimed_to', { mode: 'number' }).notNull().default(0),
});

/** Unlogged: empty after a crash of the server. */
export const outboxLaneOwners = pgTable('outbox_lane_owners', {
  lane: smallint('lane').primaryKey(),
  holdId: uuid('hold_id').notNull(),
});

export const outboxCounters = pgTable(
  'outbox_counters',
  { tenantId: tenantId(), lane: smallint('lane').notNull(), published: count('published').notNull().default(0) },
  (t) => [primaryKey({ columns: [t.tenantId, t.lane] })],
);

export const outboxPublishers = pgTable('outbox_publishers', {
  id: text('id').primaryKey(),
  host: text('host').notNull(),
  pid: integer('pid').notNull(),
  backend: text('backend').notNull(),
  startedAt: instant('started_at').notNull().defaultNow(),
  lastSeenAt: instant('last_seen_at').notNull().defaultNow(),
  failingSince: instant('failing_since'),
});

/** Where events were ever published to; a trigger of `outbox_publishers` keeps it. */
export const outboxBackends = pgTable('outbox_backends', {
  backend: text('backend').primaryKey(),
  firstAt: instant('first_at').notNull().defaultNow(),
});

/** Where blobs were ever kept, as words. */
export const blobStores = pgTable('blob_stores', {
  place: text('place').primaryKey(),
  firstAt: instant('first_at').notNull().defaultNow(),
});

export const outboxDepth = pgTable(
  'outbox_depth',
  {
    tenantId: tenantId(),
    at: instant('at').notNull(),
    pending: integer('pending').notNull(),
    processing: integer('processing').notNull(),
    failed: integer('failed').notNull(),
    oldestPendingAgeSeconds: doublePrecision('oldest_pending_age_seconds'),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.at] })],
);

export const outboxFlow = pgTable(
  'outbox_flow',
  {
    tenantId: tenantId(),
    at: instant('at').notNull(),
    lane: smallint('lane').notNull(),
    published: integer('published').notNull(),
    ageCounts: integer('age_counts').array().notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.at, t.lane] })],
);

export const outboxSampling = pgTable('outbox_sampling', {
  onlyRow: boolean('only_row').primaryKey().default(true),
  sampledAt: instant('sampled_at').notNull().default(sql`'epoch'`),
});
