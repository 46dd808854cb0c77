import { z } from 'zod';
import { REQUEST_STATES } from '#db/schema/index.ts';
import { PipelineDocument } from '#server/ir/index.ts';
import { Policy } from './policy.ts';
import { SUBJECTS } from './states.ts';

const instant = z.iso.datetime();
const version = z.number().int();
const RequestState = z.enum(REQUEST_STATES);

export const ApprovalSettingsInput = Policy.safeExtend({
  version: version.min(0).max(2_147_483_647).describe('As it was read; 0 when nothing was ever set.'),
});
export const ApprovalSettings = z.object({
  selectors: z.array(z.string()),
  pipelines: z
    .array(version)
    .describe('How many pipelines each of the selectors fits now, by the labels of their latest version.'),
  stages: z.array(z.object({ name: z.string(), approvers: version, roles: z.array(z.string()) })),
  expiryHours: version,
  allowSamePerson: z.boolean(),
  version,
  updatedBy: z.string().nullable(),
  updatedAt: instant.nullable(),
  approvedBy: z.string().nullable().describe('Who approved them, where they were looser than those before.'),
  waitingId: z.uuid().nullable().describe('The change request of looser rules that waits.'),
  admins: version.describe('How many people may set rules, and approve such as loosen them if another asked.'),
  problem: z
    .string()
    .nullable()
    .describe('Why the stored rules cannot be read; nothing goes live until they are set anew.'),
});
export type ApprovalSettings = z.infer<typeof ApprovalSettings>;

/** What publishing, or loosening the rules, answers where approval is needed. */
export const WaitingRequest = z.object({
  id: z.uuid(),
  expiresAt: instant,
  isNew: z.boolean().describe('False: it was asked for already.'),
});
/** `waiting`: they loosen the rules, and what is told beside is what holds still. */
export const SetSettings = ApprovalSettings.extend({
  state: z.enum(['set', 'waiting']),
  loosens: z.array(z.string()).describe('What the rules would no longer ask for.'),
  changeRequest: WaitingRequest.nullable(),
  hint: z.string().nullable().describe('What to do where there is nobody else who could approve.'),
});
export type SetSettings = z.infer<typeof SetSettings>;

export const RequestRef = z.object({ id: z.string().min(1).max(100) });
export const ListRequestsInput = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(1_000).optional(),
  state: RequestState.optional(),
  pipelineId: z.uuid().optional(),
  mine: z
    .union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')])
    .optional()
    .describe('Only those that wait for the caller.'),
});
export const ApproveInput = RequestRef.extend({ comment: z.string().trim().max(500).default('') });
export const RejectInput = RequestRef.extend({
  reason: z.string().trim().min(1, 'say why, for who asked for it').max(500),
});
export const WithdrawInput = RequestRef.extend({ reason: z.string().trim().max(500).default('') });

export const ChangeRequest = z.object({
  id: z.uuid(),
  subject: z.enum(SUBJECTS).describe('`rules`: looser rules of approval; versions are those of the rules.'),
  pipelineId: z.uuid().nullable().describe('Null of rules.'),
  pipelineName: z.string().nullable(),
  baseVersion: version.nullable(),
  targetVersion: version,
  state: RequestState.describe(
    '`expired` and `stale` as soon as they are so, also before the job has written it down.',
  ),
  selectors: z.array(z.string()).describe('What demanded approval.'),
  requestedBy: z.string(),
  authors: z
    .array(z.string())
    .describe('Who saved the versions that go live with it, oldest first: those after the live one up to the target.'),
  requestedAt: instant,
  expiresAt: instant,
  closedAt: instant.nullable(),
  closedBy: z.string().nullable(),
  closeReason: z.string().nullable(),
  stageName: z.string().nullable().describe('The stage that is to decide now.'),
  stage: version.nullable(),
  stages: version,
  canDecide: z.boolean().describe('It waits for the caller.'),
});
export type ChangeRequest = z.infer<typeof ChangeRequest>;
export const ChangeRequestPage = z.object({ items: z.array(ChangeRequest), nextCursor: z.string().nullable() });

export const RequestStage = z.object({
  name: z.string(),
  approvers: version,
  roles: z.array(z.string()),
  approved: version.describe('Approvals that count, or did at the end.'),
  votes: z.array(
    z.object({
      voter: z.string(),
      comment: z.string(),
      votedAt: instant,
      counts: z.boolean().describe('False: the voter has left, is disabled or lost the role before the end.'),
    }),
  ),
});
/** As they are stored: those before may be unreadable, which is why they were to be replaced. */
const StoredRules = z.record(z.string(), z.unknown());
export const ChangeRequestDetail = ChangeRequest.omit({ stages: true }).extend({
  stages: z.array(RequestStage),
  allowSamePerson: z.boolean(),
  base: PipelineDocument.nullable(),
  target: PipelineDocument.nullable(),
  rules: z
    .object({
      before: StoredRules,
      after: StoredRules,
      loosens: z.array(z.string()).describe('What they would no longer ask for.'),
    })
    .nullable()
    .describe('What the rules were and are to be; null of a pipeline.'),
  changes: z
    .array(
      z.object({
        pointer: z.string(),
        kind: z.enum(['added', 'removed', 'changed']),
        before: z.unknown().optional(),
        after: z.unknown().optional(),
      }),
    )
    .describe('From the live version, or the rules, that it was asked on top of to the target.'),
  canApprove: z.boolean(),
  canReject: z.boolean(),
  canWithdraw: z.boolean(),
  whyNot: z.string().nullable().describe('Why the caller cannot approve it.'),
});
export type ChangeRequestDetail = z.infer<typeof ChangeRequestDetail>;
export const EndedOutput = z.object({ id: z.uuid(), state: RequestState });
export const WaitingCount = z.object({ open: version, mine: version });
