export type { DeleteBlob } from './blobs.ts';
export { isOfSubject } from './classes.ts';
export { dropDetached } from './drop-partitions.ts';
export { findHoldOn, type HoldInForce } from './find-hold.ts';
export { listHolds, placeHold, releaseHold } from './holds.ts';
export { lockRetention } from './plan.ts';
export { readRequestDueDays, setRequestDueDays } from './policies.ts';
export { dsarPurgeJob, type TenantPurge } from './purge-job.ts';
export { receiptHash } from './receipts.ts';
export { retentionProcedures } from './router.ts';
export {
  type Hold,
  type PlacedHold,
  type PlaceHoldInput,
  type Policy,
  type Preview,
  type Receipt,
  type RetentionOverview,
  SetRequestDueDaysInput,
} from './schemas.ts';
export { hashSubject } from './subject.ts';
