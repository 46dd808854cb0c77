export { exportInteractionsJob, type TenantExport } from './export-job.ts';
export { observeExports } from './metrics.ts';
