export { readSiemConfig, type SiemConfig, type SiemEnvironment } from './config.ts';
export { siemShipJob } from './siem-ship-job.ts';
