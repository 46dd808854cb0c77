export { type Channels, createChannels } from './channels.ts';
export { ADDRESS_ERRORS, checkChannels } from './check-channels.ts';
export { type Delivered, deliverAlerts } from './deliver.ts';
export { Delivery, deliveriesOf, toDeliveries } from './deliveries.ts';
export { type Evaluated, evaluateAlerts } from './evaluate.ts';
export { observeAlerts } from './observe-alerts.ts';
export { channelsFor, queueDeliveries, shownChannels } from './queue-deliveries.ts';
export { alertProcedures } from './router.ts';
export {
  type AlertChannel,
  AlertChannelInput,
  type AlertEvent,
  type AlertMetricItem,
  type AlertRule,
  type AlertRuleInput,
} from './schemas.ts';
