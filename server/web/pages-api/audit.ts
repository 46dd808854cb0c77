// The audit log, its seals and its shipping to a SIEM as the pages see them.
import type { AuditFilter, AuditLogEntry, AuditLogItem, AuditVerdict, ChainSeal } from '#server/audit-trail/index.ts';
import type { QuarantinedRow, SiemShipping } from '#server/siem/index.ts';
import type { Page, PageInput } from './wire.ts';

export type { AuditFilter, AuditLogEntry, AuditLogItem, AuditVerdict, ChainSeal, QuarantinedRow, SiemShipping };

/** A tenant's own log, or that of what belongs to no tenant. */
export type AuditLog = 'tenant' | 'instance';

export interface AuditApi {
  list(input: PageInput & AuditFilter): Promise<Page<AuditLogItem>>;
  get(input: { id: string; log: AuditLog }): Promise<AuditLogEntry>;
  chain(input: { log: AuditLog }): Promise<ChainSeal>;
  verify(input: { log: AuditLog }): Promise<AuditVerdict>;
}

export interface SiemApi {
  quarantine(
    input: PageInput & { state?: QuarantinedRow['state'] },
  ): Promise<Page<QuarantinedRow> & { shipping: SiemShipping }>;
  requeue(input: { ids: string[] }): Promise<{ changed: number }>;
  discard(input: { ids: string[] }): Promise<{ changed: number }>;
}
