import { and, eq, sql } from '#db/drizzle.ts';
import { approvalRequests } from '#db/schema/index.ts';
import { recordAudit } from '#server/audit/index.ts';
import type { Tx } from '#server/lib/index.ts';
import { actorName, type Ctx } from '#server/tenancy/index.ts';
import { countedOf } from './load-request.ts';
import type { RequestState } from './states.ts';

/** The audit action of each end. */
export const ENDS = {
  applied: 'approval.apply',
  rejected: 'approval.reject',
  withdrawn: 'approval.withdraw',
  expired: 'approval.expire',
  superseded: 'approval.supersede',
  stale: 'approval.stale',
} as const satisfies Record<Exclude<RequestState, 'open'>, string>;

type Ended = { id: string; pipelineId: string | null; baseVersion: number | null; targetVersion: number };

/** Ends an open request that the transaction has locked, with its audit row. */
export async function endRequest(
  tx: Tx,
  ctx: Ctx,
  request: Ended,
  end: { state: keyof typeof ENDS; reason: string; details?: Record<string, unknown> },
): Promise<void> {
  const ended = await tx
    .update(approvalRequests)
    .set({
      ...{ state: end.state, closedAt: sql`clock_timestamp()`, closedBy: actorName(ctx.actor) },
      ...{ closeReason: end.reason, counted: countedOf(ctx.tenant.id, sql`${request.id}::uuid`) },
    })
    .where(
      and(
        eq(approvalRequests.tenantId, ctx.tenant.id),
        eq(approvalRequests.id, request.id),
        eq(approvalRequests.state, 'open'),
      ),
    )
    .returning({ id: approvalRequests.id });
  if (ended.length !== 1) throw new Error(`change request ${request.id} was to be ${end.state}, and is not open`);
  await recordAudit(tx, ctx, {
    ...{ action: ENDS[end.state], targetKind: 'approval', targetId: request.id },
    details: { ...endDetails(request, end.reason), ...end.details },
  });
}

/** What every audit row of an end says of its request: whose it was, a pipeline's or the rules', and why it ended. */
export const endDetails = (request: Omit<Ended, 'id'>, reason: string): Record<string, unknown> => ({
  ...(request.pipelineId === null ? { subject: 'rules' } : { pipelineId: request.pipelineId }),
  ...{ baseVersion: request.baseVersion, targetVersion: request.targetVersion },
  ...(reason === '' ? {} : { reason }),
});
