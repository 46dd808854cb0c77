import { procedure } from '#server/procedure.ts';
import { getChain, verifyAudit } from './chain.ts';
import { getAudit, listAudit } from './read-audit.ts';
import {
  AuditEntryDetail,
  AuditPage,
  ChainInput,
  ChainState,
  ChainVerdict,
  GetAuditInput,
  ListAuditInput,
} from './schemas.ts';

export const auditProcedures = {
  list: procedure
    .meta({
      rest: 'GET /audit',
      summary: 'Lists who did what and who was refused what, newest first.',
      scope: 'audit:read',
      output: AuditPage,
    })
    .input(ListAuditInput)
    .query(({ ctx, input }) => listAudit(ctx, input)),
  get: procedure
    .meta({
      rest: 'GET /audit/entries/:id',
      summary: 'Gives one audit entry with what was before and after it, and its place in the chain.',
      scope: 'audit:read',
      output: AuditEntryDetail,
      errors: ['AUDIT_ENTRY_NOT_FOUND'],
    })
    .input(GetAuditInput)
    .query(({ ctx, input }) => getAudit(ctx, input)),
  chain: procedure
    .meta({
      rest: 'GET /audit/chain',
      summary: 'Says up to where the audit log is sealed and what the last check of its chain found.',
      scope: 'audit:read',
      output: ChainState,
    })
    .input(ChainInput)
    .query(({ ctx, input }) => getChain(ctx, input)),
  verify: procedure
    .meta({
      rest: 'GET /audit/verify',
      summary: 'Walks the whole chain of the audit log and says where it is first not what was sealed.',
      scope: 'audit:read',
      output: ChainVerdict,
    })
    .input(ChainInput)
    .query(({ ctx, input }) => verifyAudit(ctx, input)),
};
