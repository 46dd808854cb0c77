import { z } from 'zod';
import { AUDIT_OUTCOMES } from '#db/schema/index.ts';
import { CHAIN_PROBLEMS, type ChainProblem } from '#server/audit/index.ts';

const Outcome = z.enum(AUDIT_OUTCOMES);
const Log = z
  .enum(['tenant', 'instance'])
  .default('tenant')
  .describe("`instance`: what belongs to no tenant, such as sign-ins of strangers; for the instance's operators.");

export const ListAuditInput = z.object({
  log: Log,
  actor: z.string().min(1).max(320).optional().describe('Exactly as rows name it: an e-mail, or `api_key:<id>`.'),
  action: z.string().min(1).max(100).optional().describe('`pipeline.publish`, or `pipeline.` for all of that kind.'),
  target: z.string().min(1).max(320).optional().describe('The id of what was changed.'),
  outcome: Outcome.optional(),
  from: z.iso.datetime({ offset: true }).optional().describe('The first instant.'),
  to: z.iso.datetime({ offset: true }).optional().describe('The instant before which.'),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(500).optional(),
});

export const AuditItem = z.object({
  id: z.uuid(),
  at: z.string(),
  actorKind: z.string(),
  actor: z.string(),
  action: z.string(),
  outcome: Outcome,
  targetKind: z.string(),
  target: z.string(),
  requestId: z.string(),
  details: z.record(z.string(), z.unknown()),
  hasDiff: z.boolean().describe('A before or an after was kept.'),
  seq: z.number().int().nullable().describe('Its place in the chain; null: it waits for its seal.'),
});
export const AuditPage = z.object({ items: z.array(AuditItem), nextCursor: z.string().nullable() });

export const GetAuditInput = z.object({ id: z.uuid(), log: Log });
export const AuditEntryDetail = AuditItem.extend({
  before: z.unknown().describe('As it was, without secrets; null where nothing was kept.'),
  after: z.unknown(),
  beforeDigest: z.string().nullable(),
  afterDigest: z.string().nullable(),
  hash: z.string().nullable().describe('SHA-256 of its place in the chain, hexadecimal.'),
});

export const ChainInput = z.object({ log: Log });
const problems = Object.keys(CHAIN_PROBLEMS) as [ChainProblem, ...ChainProblem[]];
const Head = z.object({ seq: z.number().int(), hash: z.string(), sealedAt: z.string() });

export const ChainState = z.object({
  head: Head.nullable().describe('The last sealed place; null: nothing is sealed yet.'),
  unsealed: z.number().int().describe('Rows that wait for their seal; counted up to 1,000.'),
  lastCheck: z
    .object({
      checkedAt: z.string(),
      headSeq: z.number().int(),
      firstBadSeq: z.number().int().nullable(),
      problem: z.enum(problems).nullable(),
    })
    .nullable()
    .describe('What the worker found when it last walked the chain.'),
});

export const ChainVerdict = z.object({
  isWhole: z.boolean(),
  checked: z.number().int().describe('Sealed rows that were walked.'),
  unsealed: z.number().int(),
  comparedOutside: z.number().int().describe('Places compared with what this server keeps outside the database.'),
  head: Head.nullable(),
  firstBad: z
    .object({
      seq: z.number().int(),
      auditId: z.uuid().nullable(),
      problem: z.enum(problems),
      says: z.string(),
    })
    .nullable(),
});

export type AuditFilter = Partial<Omit<z.input<typeof ListAuditInput>, 'limit' | 'cursor'>>;
export type AuditLogItem = z.infer<typeof AuditItem>;
export type AuditLogEntry = z.infer<typeof AuditEntryDetail>;
export type ChainSeal = z.infer<typeof ChainState>;
export type AuditVerdict = z.infer<typeof ChainVerdict>;
