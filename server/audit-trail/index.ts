export { readHeadsBelow } from './chain.ts';
export { auditProcedures } from './router.ts';
export type { AuditFilter, AuditLogEntry, AuditLogItem, AuditVerdict, ChainSeal } from './schemas.ts';
