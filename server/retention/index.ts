export type { DeleteBlob } from './blobs.ts';
export { dsarPurgeJob, type TenantPurge } from './purge-job.ts';
export { receiptHash } from './receipts.ts';
export { retentionProcedures } from './router.ts';
