import { sql } from '#db/drizzle.ts';
import type { PipelineDocument } from '#server/ir/index.ts';
import { isUuid, query, type Tx, withTransaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { documentChanges } from './document-changes.ts';
import { findRequestItem } from './list-requests.ts';
import { beholdenOf, notFound, readStages, readVotes } from './load-request.ts';
import { loosensStored } from './loosens.ts';
import { findViewer } from './people.ts';
import type { ChangeRequestDetail } from './schemas.ts';
import { isSame, judgeReject, judgeVote, type Party, type Request, standingOf, type Voter } from './states.ts';

type Stored = { beholden: string[] } & { requesterId: string | null; authors: Party[]; allowSamePerson: boolean } & {
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
};

/**
 * A request with both documents, what differs between them, its stages and votes, and what the caller may do.
 * @throws ServiceError APPROVAL_NOT_FOUND
 */
export async function getRequest(ctx: Ctx, input: { id: string }): Promise<ChangeRequestDetail> {
  if (!isUuid(input.id)) throw notFound(input.id);
  return withTransaction(ctx, async (tx) => {
    const viewer = await findViewer(tx, ctx);
    const item = await findRequestItem(tx, ctx, viewer, input.id);
    if (!item) throw notFound(input.id);
    const [stored] = await query<Stored>(
      tx,
      sql`select requester_id as "requesterId", authors, allow_same_person as "allowSamePerson", ${beholdenOf()} as beholden,
          rules_before as before, rules_after as after
        from approval_requests r where tenant_id = ${ctx.tenant.id} and id = ${item.id}`,
    );
    const stages = await readStages(tx, ctx.tenant.id, item.id);
    const votes = await readVotes(tx, ctx.tenant.id, item.id);
    const approved = standingOf(stages, votes).approved;
    const base = await readDocument(tx, ctx, item.pipelineId, item.baseVersion);
    const target = await readDocument(tx, ctx, item.pipelineId, item.targetVersion);
    const rules = stored ? rulesOf(stored) : null;
    const request = {
      ...{ subject: item.subject, state: item.state, isExpired: false, isStale: false, stages, votes },
      requester: { name: item.requestedBy, userId: stored?.requesterId ?? null },
      authors: stored?.authors ?? [],
      beholden: stored?.beholden ?? [],
      allowSamePerson: stored?.allowSamePerson ?? false,
    };
    return {
      ...item,
      allowSamePerson: request.allowSamePerson,
      stages: stages.map((stage, ordinal) => ({
        ...{ name: stage.name, approvers: stage.approvers, roles: [...stage.roles], approved: approved[ordinal] ?? 0 },
        votes: votes
          .filter((vote) => vote.stage === ordinal)
          .map(({ voter, comment, votedAt, counts }) => ({ voter, comment, votedAt, counts })),
      })),
      ...{ base, target, rules, changes: documentChanges(rules?.before ?? base, rules?.after ?? target) },
      ...mayOf(request, viewer),
    };
  });
}

function rulesOf({ before, after }: Stored): ChangeRequestDetail['rules'] {
  return before && after ? { before, after, loosens: loosensStored(before, after) } : null;
}

async function readDocument(
  tx: Tx,
  ctx: Ctx,
  pipelineId: string | null,
  version: number | null,
): Promise<PipelineDocument | null> {
  if (pipelineId === null || version === null) return null;
  const [row] = await query<{ ir: PipelineDocument }>(
    tx,
    sql`select ir from pipeline_versions
      where tenant_id = ${ctx.tenant.id} and pipeline_id = ${pipelineId} and version = ${version}`,
  );
  return row?.ir ?? null;
}

/** As the operations would judge it this moment. */
function mayOf(request: Request, viewer: Voter | null) {
  if (viewer === null)
    return { canApprove: false, canReject: false, canWithdraw: false, whyNot: 'nobody knows which person you are' };
  const vote = judgeVote(request, viewer);
  return {
    canApprove: vote.ok,
    canReject: judgeReject(request, viewer).ok,
    canWithdraw: request.state === 'open' && isSame(request.requester, viewer),
    whyNot: vote.ok ? null : vote.message,
  };
}
