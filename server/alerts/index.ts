export { type Channels, createChannels } from './channels.ts';
export { ADDRESS_ERRORS, checkChannels } from './check-channels.ts';
export { type Delivered, deliverAlerts } from './deliver.ts';
export { Delivery, deliveriesOf, toDeliveries } from './deliveries.ts';
export { dropUnusedAddresses } from './drop-addresses.ts';
export { type Evaluated, evaluateAlerts } from './evaluate.ts';
export { observeAlerts } from './observe-alerts.ts';
export { queueDeliveries } from './queue-deliveries.ts';
export { alertProcedures } from './router.ts';
export {
  AlertChannel,
  AlertChannelInput,
  type AlertEvent,
  type AlertMetricItem,
  type AlertRule,
  type AlertRuleInput,
} from './schemas.ts';
export { channelSealing, sealStoredChannels } from './seal-stored.ts';
export { idsOf, type OpenedWebhook, openWebhooks, sealChannels, shownChannels } from './stored-channels.ts';
