// Alert rules and what they told, as the pages see them.
import type { AlertEvent, AlertMetricItem, AlertRule, AlertRuleInput } from '#server/alerts/index.ts';
import type { Page, PageInput } from './wire.ts';

export type { AlertChannel, AlertChannelInput } from '#server/alerts/index.ts';
export type { AlertEvent, AlertMetricItem, AlertRule, AlertRuleInput };

export interface AlertsApi {
  rules(): Promise<{ items: AlertRule[] }>;
  metrics(): Promise<{ items: AlertMetricItem[] }>;
  events(input: PageInput & { ruleId?: string }): Promise<Page<AlertEvent>>;
  createRule(input: AlertRuleInput): Promise<{ id: string }>;
  updateRule(input: AlertRuleInput & { id: string }): Promise<{ id: string }>;
  deleteRule(input: { id: string }): Promise<{ id: string }>;
  testRule(input: { id: string }): Promise<{ id: string }>;
}
