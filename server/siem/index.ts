export { readSiemConfig, type SiemConfig, type SiemEnvironment, warnOfUnknownSiem } from './config.ts';
export { observeUnshipped } from './metrics.ts';
export { siemProcedures } from './router.ts';
export type { QuarantinedRow, SiemShipping } from './schemas.ts';
export { siemShipJob } from './siem-ship-job.ts';
