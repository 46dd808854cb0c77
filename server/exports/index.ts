export { exportInteractionsJob, type TenantExport } from './export-job.ts';
