import { z } from 'zod';
import { ENGAGEMENT_BANDS } from '#db/schema/index.ts';

const instant = z.iso.datetime();

export const ListEngagementInput = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(1_000).optional(),
  band: z.enum(ENGAGEMENT_BANDS).optional(),
  /** The beginning of a customer's id. */
  search: z.string().max(200).optional(),
});
export type ListEngagementInput = z.infer<typeof ListEngagementInput>;

export const EngagementItem = z.object({
  customerId: z.string(),
  /** 0–100. */
  score: z.number(),
  band: z.enum(ENGAGEMENT_BANDS),
  /** The three parts of the score: at most 40, 30 and 30. */
  parts: z.object({ recency: z.number(), frequency: z.number(), outcomes: z.number() }),
  lastInteractionAt: instant,
  interactions90Days: z.number().int(),
  outcomes: z.number().int(),
  positiveOutcomes: z.number().int(),
  computedAt: instant,
});
export type EngagementItem = z.infer<typeof EngagementItem>;
export const ListEngagementOutput = z.object({ items: z.array(EngagementItem), nextCursor: z.string().nullable() });

export const CustomerRef = z.object({ customerId: z.string().min(1).max(200) });

export const EngagementSummary = z.object({
  /** When the scores were last computed; null: never. */
  computedAt: instant.nullable(),
  customers: z.number().int(),
  bands: z.record(z.enum(ENGAGEMENT_BANDS), z.number().int()),
  /** Twenty bars of five points each, from 0. */
  histogram: z.array(z.object({ from: z.number(), customers: z.number().int() })),
  /** Which outcomes count as positive, in lower case. */
  positiveOutcomes: z.array(z.string()),
});

export type EngagementSummary = z.infer<typeof EngagementSummary>;

export const EngagementSettingsInput = z.object({
  /** Null: the product's own list. */
  positiveOutcomes: z.array(z.string().trim().min(1).max(200).toLowerCase()).max(100).nullable(),
});
export type EngagementSettingsInput = z.infer<typeof EngagementSettingsInput>;
export const EngagementSettingsOutput = z.object({ positiveOutcomes: z.array(z.string()) });
export const RecomputeOutput = z.object({
  customers: z.number().int(),
  removed: z.number().int(),
});
