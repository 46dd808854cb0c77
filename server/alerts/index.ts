export { type Channels, createChannels } from './channels.ts';
export { type Delivered, deliverAlerts } from './deliver.ts';
export { type Evaluated, evaluateAlerts } from './evaluate.ts';
export { legacyTickRoute } from './legacy-route.ts';
export { alertProcedures } from './router.ts';
export type { AlertChannel, AlertEvent, AlertMetricItem, AlertRule, AlertRuleInput } from './schemas.ts';
export { type AlertDependencies, type AlertTick, tickAlerts, tickAlertsWhenDue } from './tick.ts';
