export { type Channels, createChannels } from './channels.ts';
export { type Delivered, deliverAlerts } from './deliver.ts';
export { type Evaluated, evaluateAlerts } from './evaluate.ts';
export { queueDeliveries, shownChannels } from './queue-deliveries.ts';
export { alertProcedures } from './router.ts';
export {
  type AlertChannel,
  AlertChannelInput,
  type AlertEvent,
  type AlertMetricItem,
  type AlertRule,
  type AlertRuleInput,
} from './schemas.ts';
