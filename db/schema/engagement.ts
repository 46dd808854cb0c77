import { doublePrecision, pgTable, primaryKey, text } from '../drizzle-columns.ts';
import { count, instant, tenantId } from './columns.ts';

export const ENGAGEMENT_BANDS = ['hot', 'warm', 'cold'] as const;

export const engagementScores = pgTable(
  'engagement_scores',
  {
    tenantId: tenantId(),
    customerId: text('customer_id').notNull(),
    score: doublePrecision('score').notNull(),
    band: text('band', { enum: ENGAGEMENT_BANDS }).notNull(),
    lastInteractionAt: instant('last_interaction_at').notNull(),
    interactions90Days: count('interactions_90_days').notNull(),
    outcomes: count('outcomes').notNull(),
    positiveOutcomes: count('positive_outcomes').notNull(),
    computedAt: instant('computed_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.customerId] })],
);

export const engagementSettings = pgTable('engagement_settings', {
  tenantId: tenantId().primaryKey(),
  positiveOutcomes: text('positive_outcomes').array(),
  computedAt: instant('computed_at'),
  customers: count('customers'),
  durationMs: doublePrecision('duration_ms'),
});
