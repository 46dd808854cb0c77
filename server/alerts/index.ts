export { type Channels, createChannels } from './channels.ts';
export { type Delivered, deliverAlerts } from './deliver.ts';
export { type Evaluated, evaluateAlerts } from './evaluate.ts';
export { alertProcedures } from './router.ts';
