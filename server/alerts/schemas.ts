import { z } from 'zod';
import { ALERT_OPERATORS, ALERT_STATES } from '#db/schema/index.ts';
import { Delivery } from './deliveries.ts';
import { ALERT_METRICS } from './metrics.ts';

const instant = z.iso.datetime();

export const AlertChannelInput = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('log') }),
  z.object({
    kind: z.literal('webhook'),
    /** The whole address; or, to keep a stored one, what a list shows of it. */
    url: z.url({ protocol: /^https?$/ }).max(2_000),
    /** Says which stored one is kept, where several look alike. */
    id: z.uuid().optional(),
  }),
  z.object({ kind: z.literal('email'), to: z.array(z.email()).min(1).max(20) }),
]);
export type AlertChannelInput = z.infer<typeof AlertChannelInput>;

/** Of a webhook's address, which is a secret, its origin alone: `https://chat.example.org/…`. */
export const AlertChannel = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('log') }),
  z.object({
    kind: z.literal('webhook'),
    url: z.string(),
    /** Missing on what an earlier release stored, until its address is sealed. */
    id: z.string().optional(),
  }),
  z.object({ kind: z.literal('email'), to: z.array(z.string()) }),
]);
export type AlertChannel = z.infer<typeof AlertChannel>;

export const AlertRuleInput = z.object({
  name: z.string().trim().min(1).max(200),
  metric: z.enum(ALERT_METRICS),
  operator: z.enum(ALERT_OPERATORS),
  threshold: z.number(),
  /** A count is taken over it; a figure of the moment must stay over the threshold for it. */
  windowMinutes: z.number().int().min(1).max(10_080).default(5),
  /** After a notification of a firing nobody is told of another one for so long. */
  cooldownMinutes: z.number().int().min(0).max(10_080).default(60),
  channels: z.array(AlertChannelInput).min(1, 'name at least one channel').max(10),
  enabled: z.boolean().default(true),
});
export type AlertRuleInput = z.infer<typeof AlertRuleInput>;
export const AlertRuleRef = z.object({ id: z.uuid() });
export const UpdateAlertRuleInput = AlertRuleInput.extend({ id: z.uuid() });
export type UpdateAlertRuleInput = z.infer<typeof UpdateAlertRuleInput>;

export const AlertRule = z.object({
  id: z.string(),
  name: z.string(),
  metric: z.string(),
  operator: z.enum(ALERT_OPERATORS),
  threshold: z.number(),
  windowMinutes: z.number().int(),
  cooldownMinutes: z.number().int(),
  channels: z.array(AlertChannel),
  enabled: z.boolean(),
  state: z.enum(ALERT_STATES),
  stateSince: instant,
  /** What the metric was at the last evaluation; null when there was nothing to measure. */
  lastValue: z.number().nullable(),
  evaluatedAt: instant.nullable(),
  lastError: z.string().nullable(),
  /** When somebody was last told that it fires. */
  toldAt: instant.nullable(),
  createdBy: z.string(),
});
export type AlertRule = z.infer<typeof AlertRule>;
export const AlertRuleMade = z.object({ id: z.string() });

export const ListAlertRulesOutput = z.object({ items: z.array(AlertRule) });
export const AlertMetricItem = z.object({
  name: z.enum(ALERT_METRICS),
  says: z.string(),
  unit: z.string(),
  /** It counts over a rule's window. */
  isWindowed: z.boolean(),
});
export type AlertMetricItem = z.infer<typeof AlertMetricItem>;
export const ListAlertMetricsOutput = z.object({ items: z.array(AlertMetricItem) });

export const ListAlertEventsInput = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(1_000).optional(),
  ruleId: z.uuid().optional(),
});
export type ListAlertEventsInput = z.infer<typeof ListAlertEventsInput>;
export const AlertEvent = z.object({
  id: z.string(),
  ruleId: z.string(),
  ruleName: z.string(),
  metric: z.string(),
  kind: z.enum(['firing', 'resolved', 'test']),
  value: z.number().nullable(),
  operator: z.enum(ALERT_OPERATORS),
  threshold: z.number(),
  /** Why nobody was told; null when they were. */
  silencedBy: z.enum(['cooldown']).nullable(),
  at: instant,
  deliveries: z.array(Delivery),
});
export type AlertEvent = z.infer<typeof AlertEvent>;
export const ListAlertEventsOutput = z.object({ items: z.array(AlertEvent), nextCursor: z.string().nullable() });
