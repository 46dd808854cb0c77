export { carryOutRequests, requestGoOn } from './carry-out.ts';
export { CARRY_OUT_MS } from './config.ts';
export { readBundlesFrom } from './download.ts';
export { dsarDownloadRoute } from './download-route.ts';
export { dsarReceiptHash } from './receipts.ts';
export { dsarProcedures } from './router.ts';
export type { DsarLink, DsarRequest } from './schemas.ts';
