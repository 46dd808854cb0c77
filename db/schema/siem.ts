import { sql } from '../drizzle.ts';
import { integer, pgTable, primaryKey, text, uuid } from '../drizzle-columns.ts';
import { count, instant, tenantId, xid8 } from './columns.ts';

export const QUARANTINE_STATES = ['open', 'requeued', 'discarded'] as const;

export const siemDestinations = pgTable('siem_destinations', {
  id: text('id').primaryKey(),
  backend: text('backend').notNull(),
  endpoint: text('endpoint').notNull(),
  tx: xid8('tx').notNull().default('0'),
  auditId: uuid('audit_id').notNull().default(sql`'00000000-0000-0000-0000-000000000000'`),
  shipped: count('shipped').notNull().default(0),
  lastShippedAt: instant('last_shipped_at'),
  lastError: text('last_error'),
  createdAt: instant('created_at').notNull().defaultNow(),
  updatedAt: instant('updated_at').notNull().defaultNow(),
});

export const siemQuarantine = pgTable(
  'siem_quarantine',
  {
    tenantId: tenantId(),
    destination: text('destination').notNull(),
    auditId: uuid('audit_id').notNull(),
    status: integer('status').notNull(),
    reason: text('reason').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    state: text('state', { enum: QUARANTINE_STATES }).notNull().default('open'),
    decidedBy: text('decided_by'),
    decidedAt: instant('decided_at'),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.destination, t.auditId] })],
);
