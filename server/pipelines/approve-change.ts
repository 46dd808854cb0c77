import { approveRules, castVote, markApplied, pipelineOfRequest } from '#server/approvals/index.ts';
import { withTransaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { getPipelineRow } from './find-pipeline.ts';
import { makeLive } from './publish-version.ts';
import { documentInvalid, getVersion } from './save-version.ts';
import { compileDocument } from './validate-document.ts';

/**
 * The caller's approval of a change; the last that is needed makes the version live, or the rules hold, in the same transaction. Where that
 * cannot be done, because the document no longer compiles or a quota is used up, the approval is not recorded either.
 * @throws ServiceError as castVote; DOCUMENT_INVALID, QUOTA_EXCEEDED
 */
export function approveChange(ctx: Ctx, input: { id: string; comment: string }) {
  return withTransaction(ctx, async (tx) => {
    // First of all locks, as in publishing, so that the two wait for each other and neither refuses the other.
    const pipelineId = await pipelineOfRequest(tx, ctx.tenant.id, input.id);
    if (pipelineId === null) return approveRules(tx, ctx, input);
    const pipeline = await getPipelineRow(tx, ctx, pipelineId, { lock: true });
    const { request, isLast } = await castVote(tx, ctx, input);
    const answer = { id: request.id, pipelineId, version: request.targetVersion };
    if (!isLast) return { ...answer, state: 'open' as const };
    const { ir } = await getVersion(tx, ctx, pipelineId, request.targetVersion);
    const compiled = await compileDocument(tx, ctx, ir);
    if (!compiled.ok) throw documentInvalid(compiled.problems);
    await makeLive(
      tx,
      ctx,
      pipeline,
      { version: request.targetVersion, ir },
      { requestId: request.id, requestedBy: request.requester.name },
    );
    await markApplied(tx, ctx, request);
    return { ...answer, state: 'applied' as const };
  });
}
