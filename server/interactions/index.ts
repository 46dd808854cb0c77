export { keepAttachmentsIn, sweepOrphanBlobs } from './attachments.ts';
export { recordOutcome } from './record-outcome.ts';
export { respond } from './respond.ts';
export { interactionProcedures } from './router.ts';
