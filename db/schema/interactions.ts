import { doublePrecision, jsonb, pgTable, primaryKey, text, uuid } from '../drizzle-columns.ts';
import { count, id, instant, tenantId, tx } from './columns.ts';

export const interactionHistory = pgTable(
  'interaction_history',
  {
    tenantId: tenantId(),
    id: id(),
    tx: tx(),
    customerId: text('customer_id').notNull(),
    offerId: text('offer_id').notNull(),
    channel: text('channel').notNull(),
    interactionType: text('interaction_type').notNull(),
    context: jsonb('context').$type<Record<string, unknown>>().notNull().default({}),
    occurredAt: instant('occurred_at').notNull().defaultNow(),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);

export const interactionOutcomes = pgTable(
  'interaction_outcomes',
  {
    tenantId: tenantId(),
    id: id(),
    tx: tx(),
    interactionId: uuid('interaction_id').notNull(),
    customerId: text('customer_id').notNull(),
    outcome: text('outcome').notNull(),
    value: doublePrecision('value'),
    occurredAt: instant('occurred_at').notNull().defaultNow(),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);

export const decisionTraces = pgTable(
  'decision_traces',
  {
    tenantId: tenantId(),
    id: id(),
    tx: tx(),
    interactionId: uuid('interaction_id').notNull(),
    trace: jsonb('trace').$type<unknown>().notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    customerId: text('customer_id'),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);

export const aiAttachments = pgTable(
  'ai_attachments',
  {
    tenantId: tenantId(),
    id: id(),
    tx: tx(),
    interactionId: uuid('interaction_id').notNull(),
    name: text('name').notNull(),
    contentType: text('content_type').notNull(),
    sizeBytes: count('size_bytes').notNull(),
    sha256: text('sha256').notNull(),
    location: text('location').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    customerId: text('customer_id'),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);

export const attachmentBlobs = pgTable(
  'attachment_blobs',
  {
    tenantId: tenantId(),
    location: text('location').notNull(),
    writtenAt: instant('written_at').notNull().defaultNow(),
    sweptAt: instant('swept_at'),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.location] })],
);
