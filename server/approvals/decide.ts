// What people do to a change request. Applying is the pipelines' room's, in the transaction of the last vote.
import { approvalVotes } from '#db/schema/index.ts';
import { recordAudit } from '#server/audit/index.ts';
import { ServiceError, type Tx, withTransaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { endRequest } from './end-request.ts';
import { lockRequest, pipelineOfRequest, type StoredRequest } from './load-request.ts';
import { readVoter, voterIdOf } from './people.ts';
import { policyOf } from './settings.ts';
import { judgeReject, judgeVote, judgeWithdraw, type Refused, type Voter } from './states.ts';

function orThrow<T extends { ok: true }>(verdict: T | Refused): T {
  if (!verdict.ok) throw new ServiceError(verdict.code, verdict.message);
  return verdict;
}

/** `voter`: the caller, or the person whose key they use. */
async function lockFor(tx: Tx, ctx: Ctx, id: string): Promise<{ request: StoredRequest; voter: Voter }> {
  await pipelineOfRequest(tx, ctx.tenant.id, id);
  const voterId = await voterIdOf(tx, ctx);
  const request = await lockRequest(tx, ctx.tenant.id, id, voterId);
  return { request, voter: await readVoter(tx, ctx, voterId) };
}

/**
 * Records the caller's approval. `isLast`: the change is to be applied now, in this transaction, whose caller has
 * locked the pipeline; `markApplied` ends the request.
 * @throws ServiceError APPROVAL_NOT_FOUND, APPROVAL_CLOSED, APPROVAL_EXPIRED, APPROVAL_STALE, APPROVAL_OWN,
 * APPROVAL_NOT_YOURS, APPROVAL_VOTED, APPROVAL_BY_KEY, APPROVAL_PERSON_UNKNOWN, APPROVAL_SETTINGS_INVALID
 */
export async function castVote(
  tx: Tx,
  ctx: Ctx,
  input: { id: string; comment: string },
): Promise<{ request: StoredRequest; isLast: boolean }> {
  const { request, voter } = await lockFor(tx, ctx, input.id);
  // The request has rules of its own. But where the tenant's cannot be read, nobody can say what holds: nothing is applied
  // but what sets them anew.
  if (request.subject === 'pipeline') await policyOf(tx, ctx.tenant.id);
  const { stage, isLast } = orThrow(judgeVote(request, voter));
  await tx
    .insert(approvalVotes)
    .values({
      ...{ tenantId: ctx.tenant.id, requestId: request.id, stage, userId: voter.userId, voter: voter.email },
      comment: input.comment,
    })
    .onConflictDoNothing();
  await recordAudit(tx, ctx, {
    ...{ action: 'approval.approve', targetKind: 'approval', targetId: request.id },
    details: {
      ...(request.pipelineId === null ? { subject: 'rules' } : { pipelineId: request.pipelineId }),
      ...{ targetVersion: request.targetVersion, voter: voter.email },
      ...{ stage: request.stages[stage]?.name ?? '', isLast },
      ...(input.comment === '' ? {} : { comment: input.comment }),
    },
  });
  return { request, isLast };
}

/** Ends a request whose change the transaction has just made. */
export function markApplied(tx: Tx, ctx: Ctx, request: StoredRequest): Promise<void> {
  return endRequest(tx, ctx, request, {
    state: 'applied',
    reason: '',
    details: { requestedBy: request.requester.name },
  });
}

/**
 * Ends the request for good; the change stays unapplied.
 * @throws ServiceError as castVote
 */
export function rejectRequest(ctx: Ctx, input: { id: string; reason: string }) {
  return withTransaction(ctx, async (tx) => {
    const { request, voter } = await lockFor(tx, ctx, input.id);
    orThrow(judgeReject(request, voter));
    await endRequest(tx, ctx, request, { state: 'rejected', reason: input.reason });
    return { id: request.id, state: 'rejected' as const };
  });
}

/**
 * Takes one's own request back.
 * @throws ServiceError APPROVAL_NOT_FOUND, APPROVAL_CLOSED, APPROVAL_NOT_YOURS, APPROVAL_PERSON_UNKNOWN
 */
export function withdrawRequest(ctx: Ctx, input: { id: string; reason: string }) {
  return withTransaction(ctx, async (tx) => {
    const { request, voter } = await lockFor(tx, ctx, input.id);
    orThrow(judgeWithdraw(request, voter));
    await endRequest(tx, ctx, request, { state: 'withdrawn', reason: input.reason });
    return { id: request.id, state: 'withdrawn' as const };
  });
}
