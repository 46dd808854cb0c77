export { checkChains, listChains } from './check-chains.ts';
export { appendHeads, headsFolder, type OutsideHeads, outsideHeadsOf, readHeads } from './outside-heads.ts';
export { type AuditEntry, recordAudit } from './record-audit.ts';
export { flushRefusals, INSTANCE_LOG, type Refusal, recordRefusal } from './record-refusal.ts';
export { recordSignInRefusal, type SignInRefusal } from './record-sign-in-refusal.ts';
export { withoutSecrets } from './redact.ts';
export { type ChainHead, listHeads, observeUnsealed, type Sealed, sealBatch } from './seal.ts';
export { CHAIN_PROBLEMS, type ChainProblem, type ChainReport, verifyChain } from './verify.ts';
