export { type AuditEntry, recordAudit } from './record-audit.ts';
export { flushRefusals, INSTANCE_LOG, type Refusal, recordRefusal } from './record-refusal.ts';
export { recordSignInRefusal, type SignInRefusal } from './record-sign-in-refusal.ts';
export { withoutSecrets } from './redact.ts';
