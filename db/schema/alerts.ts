import { boolean, doublePrecision, integer, jsonb, pgTable, primaryKey, text, uuid } from '../drizzle-columns.ts';
import { id, instant, tenantId } from './columns.ts';

export const ALERT_STATES = ['ok', 'pending', 'firing'] as const;
export const ALERT_OPERATORS = ['>', '>=', '<', '<='] as const;
/**
 * A webhook's address is sealed in webhook_addresses, under `id`. What an earlier release stored has it in the clear, until
 * it is sealed.
 */
export type WebhookChannel = { kind: 'webhook'; id: string; origin: string } | { kind: 'webhook'; url: string };
/** Where a notification goes, as it is stored. */
export type AlertChannel = { kind: 'log' } | WebhookChannel | { kind: 'email'; to: string[] };

export const alertRules = pgTable(
  'alert_rules',
  {
    tenantId: tenantId(),
    id: id(),
    name: text('name').notNull(),
    metric: text('metric').notNull(),
    operator: text('operator', { enum: ALERT_OPERATORS }).notNull(),
    threshold: doublePrecision('threshold').notNull(),
    windowMinutes: integer('window_minutes').notNull(),
    cooldownMinutes: integer('cooldown_minutes').notNull(),
    channels: jsonb('channels').$type<AlertChannel[]>().notNull(),
    enabled: boolean('enabled').notNull().default(true),
    state: text('state', { enum: ALERT_STATES }).notNull().default('ok'),
    stateSince: instant('state_since').notNull().defaultNow(),
    isTold: boolean('is_told').notNull().default(false),
    toldAt: instant('told_at'),
    lastValue: doublePrecision('last_value'),
    evaluatedAt: instant('evaluated_at'),
    lastError: text('last_error'),
    createdBy: text('created_by').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);

export const alertEvents = pgTable(
  'alert_events',
  {
    tenantId: tenantId(),
    id: id(),
    ruleId: uuid('rule_id').notNull(),
    ruleName: text('rule_name').notNull(),
    metric: text('metric').notNull(),
    kind: text('kind', { enum: ['firing', 'resolved', 'test'] }).notNull(),
    value: doublePrecision('value'),
    operator: text('operator', { enum: ALERT_OPERATORS }).notNull(),
    threshold: doublePrecision('threshold').notNull(),
    silencedBy: text('silenced_by', { enum: ['cooldown'] }),
    at: instant('at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);

export const alertDeliveries = pgTable(
  'alert_deliveries',
  {
    tenantId: tenantId(),
    id: id(),
    eventId: uuid('event_id'),
    reportId: uuid('report_id'),
    channel: jsonb('channel').$type<AlertChannel>().notNull(),
    status: text('status', { enum: ['pending', 'sent', 'failed'] })
      .notNull()
      .default('pending'),
    attempts: integer('attempts').notNull().default(0),
    nextAttemptAt: instant('next_attempt_at').notNull().defaultNow(),
    lastError: text('last_error'),
    createdAt: instant('created_at').notNull().defaultNow(),
    sentAt: instant('sent_at'),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);

export const alertLoop = pgTable('alert_loop', {
  isOnly: boolean('is_only').primaryKey().default(true),
  nextAt: instant('next_at').notNull().defaultNow(),
  turnedAt: instant('turned_at'),
  reportsNextAt: instant('reports_next_at').notNull().defaultNow(),
});
