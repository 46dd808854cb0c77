import { type SQL, sql } from '#db/drizzle.ts';
import { approvalRequests, approvalStages } from '#db/schema/index.ts';
import { recordAudit } from '#server/audit/index.ts';
import { newId, query, queryOne, type Tx } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { authorsOf } from './authors-of.ts';
import { endRequest } from './end-request.ts';
import { hashOf, lockRequest, type StoredRequest } from './load-request.ts';

import { partyOf } from './people.ts';
import { demandedBy } from './policy.ts';
import { policyOf } from './settings.ts';

/** A version that is to go live. Whoever asks holds the lock on the pipeline's row. */
export type Change = {
  pipelineId: string;
  pipelineName: string;
  /** What is live; null: nothing. */
  base: { version: number; labels: Record<string, string> } | null;
  target: { version: number; labels: Record<string, string> };
};

export type Waiting = { id: string; expiresAt: string; isNew: boolean };

/**
 * The change request that the tenant's rules demand before this change, made now or open already; null: none is demanded.
 * An open request for another version is superseded, and one that could no longer be applied is ended.
 * @throws ServiceError APPROVAL_SETTINGS_INVALID, APPROVAL_PERSON_UNKNOWN
 */
export async function demandApproval(tx: Tx, ctx: Ctx, change: Change): Promise<Waiting | null> {
  const policy = await policyOf(tx, ctx.tenant.id);
  const { base, target } = change;
  const selectors = demandedBy(policy, [target.labels, ...(base ? [base.labels] : [])]);
  if (selectors.length === 0) return null;
  const open = await lockOpen(tx, ctx, change.pipelineId);
  if (open && open.targetVersion === target.version && !open.isExpired && !open.isStale)
    return { id: open.id, expiresAt: new Date(open.expiresAt).toISOString(), isNew: false };
  const requester = await partyOf(tx, ctx);
  const authors = await authorsOf(tx, ctx.tenant.id, change);
  if (open) await clear(tx, ctx, open, `version ${target.version} was asked for instead`);
  const id = newId();
  const { expiresAt } = await insert(tx, {
    ...{ tenantId: ctx.tenant.id, id, pipelineId: change.pipelineId },
    ...{ baseVersion: base?.version ?? null, targetVersion: target.version, targetHash: targetHash(ctx, change) },
    ...{ selectors, settingsVersion: policy.version, allowSamePerson: policy.allowSamePerson },
    ...{ requestedBy: requester.name, requesterId: requester.userId, authors },
    ...{ expiresAt: sql`clock_timestamp() + make_interval(hours => ${policy.expiryHours}::int)` },
  });
  await tx
    .insert(approvalStages)
    .values(
      policy.stages.map((stage, ordinal) => ({ ...stage, tenantId: ctx.tenant.id, requestId: id, stage: ordinal })),
    );
  await recordAudit(tx, ctx, {
    ...{ action: 'approval.request', targetKind: 'approval', targetId: id },
    details: {
      ...{ pipelineId: change.pipelineId, pipeline: change.pipelineName, baseVersion: base?.version ?? null },
      ...{ targetVersion: target.version, authors: authors.map(({ name }) => name), selectors, expiresAt },
    },
  });
  return { id, expiresAt, isNew: true };
}

const targetHash = (ctx: Ctx, { pipelineId, target }: Change): SQL =>
  sql`(select ${hashOf(sql`ir`)} from pipeline_versions
    where tenant_id = ${ctx.tenant.id} and pipeline_id = ${pipelineId} and version = ${target.version})`;

type NewRequest = Omit<typeof approvalRequests.$inferInsert, 'targetHash' | 'expiresAt'> & {
  targetHash: SQL;
  expiresAt: SQL;
};
async function insert(tx: Tx, row: NewRequest): Promise<{ expiresAt: string }> {
  const [made] = await tx.insert(approvalRequests).values(row).returning({ expiresAt: approvalRequests.expiresAt });
  return { expiresAt: made!.expiresAt.toISOString() };
}

/** The open request of a pipeline whose row the transaction has locked. */
async function lockOpen(tx: Tx, ctx: Ctx, pipelineId: string): Promise<StoredRequest | null> {
  const [row] = await query<{ id: string }>(
    tx,
    sql`select id from approval_requests where tenant_id = ${ctx.tenant.id} and pipeline_id = ${pipelineId} and state = 'open'`,
  );
  const request = row ? await lockRequest(tx, ctx.tenant.id, row.id) : null;
  // Ended by the job, a rejection or its requester while it was waited for.
  return request?.state === 'open' ? request : null;
}

function clear(tx: Tx, ctx: Ctx, open: StoredRequest, reason: string): Promise<void> {
  const state = open.isExpired ? 'expired' : open.isStale ? 'stale' : 'superseded';
  return endRequest(tx, ctx, open, { state, reason: state === 'expired' ? 'its time was over' : reason });
}

/**
 * Ends what waits for a pipeline of which another version has just gone live: it was asked for on top of the one before.
 * `but` is the request that is being applied.
 */
export async function endOvertaken(
  tx: Tx,
  ctx: Ctx,
  live: { pipelineId: string; version: number },
  but: string | null,
): Promise<void> {
  const open = await lockOpen(tx, ctx, live.pipelineId);
  if (open === null || open.id === but) return;
  const state = open.isExpired ? 'expired' : 'stale';
  const reason = state === 'expired' ? 'its time was over' : `version ${live.version} went live without it`;
  await endRequest(tx, ctx, open, { state, reason });
}

/** How many requests are open, for the installation's own figures. */
export async function countOpen(tx: Tx, tenantId: string): Promise<number> {
  const { open } = await queryOne<{ open: number }>(
    tx,
    sql`select count(*)::int as open from approval_requests where tenant_id = ${tenantId} and state = 'open'`,
  );
  return open;
}
