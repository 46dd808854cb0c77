// A change of the rules that loosens them: asked for like a version that is to go live, and as much another's to approve.
import { type SQL, sql } from '#db/drizzle.ts';
import { approvalRequests, approvalStages } from '#db/schema/index.ts';
import { recordAudit } from '#server/audit/index.ts';
import { newId, query, type Tx } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { castVote, markApplied } from './decide.ts';
import type { Waiting } from './demand-approval.ts';
import { endRequest } from './end-request.ts';
import { hashOf, lockRequest, type StoredRequest } from './load-request.ts';
import { partyOf } from './people.ts';
import { DEFAULT_EXPIRY_HOURS, type Policy, readPolicy } from './policy.ts';
import { lockSettings, type SettingsRow, writeSettings } from './settings.ts';

/**
 * Whose word it needs, whatever the rules say: of those who may set rules, another one. With the stages of the rules
 * themselves, rules that ask for more people than there are could never be set otherwise again.
 */
const STAGE = { name: 'Another admin', approvers: 1, roles: ['admin'] };

export type RulesChange = { before: SettingsRow; after: Policy; loosens: readonly string[] };

/**
 * Asks for rules that are looser than those that hold, or gives the open request for the same. The caller has locked the
 * settings.
 * @throws ServiceError APPROVAL_PERSON_UNKNOWN
 */
export async function requestRules(tx: Tx, ctx: Ctx, { before, after, loosens }: RulesChange): Promise<Waiting> {
  const open = await lockOpenRules(tx, ctx);
  const hash = hashOf(sql`${JSON.stringify(after)}::text::jsonb`);
  if (open && !open.isExpired && !open.isStale && (await isSameChange(tx, ctx, open, hash)))
    return { id: open.id, expiresAt: new Date(open.expiresAt).toISOString(), isNew: false };
  const requester = await partyOf(tx, ctx);
  if (open) await endOpen(tx, ctx, open, 'other rules were asked for instead');
  const id = newId();
  const [made] = await tx
    .insert(approvalRequests)
    .values({
      ...{ tenantId: ctx.tenant.id, id, pipelineId: null, rulesBefore: before.rules, rulesAfter: after },
      ...{ baseVersion: before.version, targetVersion: before.version + 1, targetHash: hash as SQL<string> },
      ...{ selectors: [], settingsVersion: before.version, allowSamePerson: false },
      ...{ requestedBy: requester.name, requesterId: requester.userId, authors: [requester] },
      expiresAt: sql`clock_timestamp() + make_interval(hours => ${hoursOf(before)}::int)`,
    })
    .returning({ expiresAt: approvalRequests.expiresAt });
  await tx.insert(approvalStages).values({ ...STAGE, tenantId: ctx.tenant.id, requestId: id, stage: 0 });
  const expiresAt = made!.expiresAt.toISOString();
  await recordAudit(tx, ctx, {
    ...{ action: 'approval.request', targetKind: 'approval', targetId: id, before: before.rules, after },
    details: {
      ...{ subject: 'rules', baseVersion: before.version, targetVersion: before.version + 1 },
      ...{ authors: [requester.name], loosens, expiresAt },
    },
  });
  return { id, expiresAt, isNew: true };
}

const hoursOf = (before: SettingsRow): number => {
  try {
    return readPolicy(before.rules).expiryHours;
  } catch {
    return DEFAULT_EXPIRY_HOURS;
  }
};

async function isSameChange(tx: Tx, ctx: Ctx, { id }: StoredRequest, hash: SQL): Promise<boolean> {
  const rows = await query(
    tx,
    sql`select from approval_requests where tenant_id = ${ctx.tenant.id} and id = ${id} and target_hash = ${hash}`,
  );
  return rows.length > 0;
}

async function lockOpenRules(tx: Tx, ctx: Ctx): Promise<StoredRequest | null> {
  const [row] = await query<{ id: string }>(
    tx,
    sql`select id from approval_requests where tenant_id = ${ctx.tenant.id} and pipeline_id is null and state = 'open'`,
  );
  const request = row ? await lockRequest(tx, ctx.tenant.id, row.id) : null;
  // Ended by the job, a rejection or its requester while it was waited for.
  return request?.state === 'open' ? request : null;
}

function endOpen(tx: Tx, ctx: Ctx, open: StoredRequest, reason: string): Promise<void> {
  const state = open.isExpired ? 'expired' : open.isStale ? 'stale' : 'superseded';
  return endRequest(tx, ctx, open, { state, reason: state === 'expired' ? 'its time was over' : reason });
}

/** Ends what waits to replace rules that have just been set otherwise. */
export async function endOvertakenRules(tx: Tx, ctx: Ctx, version: number): Promise<void> {
  const open = await lockOpenRules(tx, ctx);
  if (open) await endOpen(tx, ctx, open, `the rules were set otherwise, to version ${version}`);
}

/**
 * The caller's approval of looser rules; with the last that is needed they hold, in the same transaction.
 * @throws ServiceError as castVote
 */
export async function approveRules(tx: Tx, ctx: Ctx, input: { id: string; comment: string }) {
  // First of all locks, as in setting them.
  const before = await lockSettings(tx, ctx.tenant.id);
  const { request, isLast } = await castVote(tx, ctx, input);
  const answer = { id: request.id, pipelineId: null, version: request.targetVersion };
  if (!isLast) return { ...answer, state: 'open' as const };
  await writeSettings(tx, ctx, before, readPolicy(request.rulesAfter), {
    ...{ requestId: request.id, requestedBy: request.requester.name },
  });
  await markApplied(tx, ctx, request);
  return { ...answer, state: 'applied' as const };
}
