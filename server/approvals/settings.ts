import { eq, sql } from '#db/drizzle.ts';
import { approvalSettings } from '#db/schema/index.ts';
import { recordAudit } from '#server/audit/index.ts';
import { parseLabelSelector } from '#server/ir/index.ts';
import { query, ServiceError, type Tx, withTransaction } from '#server/lib/index.ts';
import { actorName, type Ctx } from '#server/tenancy/index.ts';
import { demandedBy, NO_POLICY, type Policy, readPolicy } from './policy.ts';
import type { ApprovalSettings } from './schemas.ts';

/** The stored rules, as they are stored: `rules` may be unreadable. */
export type SettingsRow = { version: number; rules: Record<string, unknown>; updatedBy: string; updatedAt: Date };

async function findSettings(tx: Tx, tenantId: string, lock = false): Promise<SettingsRow | null> {
  const select = tx.select().from(approvalSettings).where(eq(approvalSettings.tenantId, tenantId));
  const [row] = await (lock ? select.for('update') : select);
  if (!row) return null;
  const { version, updatedBy, updatedAt, selectors, stages, expiryHours, allowSamePerson } = row;
  return { version, updatedBy, updatedAt, rules: { selectors, stages, expiryHours, allowSamePerson } };
}

/** The same, locked until the transaction ends: before any request of the rules is. */
export const lockSettings = (tx: Tx, tenantId: string): Promise<SettingsRow | null> => findSettings(tx, tenantId, true);

/**
 * The tenant's rules and their version; version 0: never set, so nothing needs approval.
 * @throws ServiceError APPROVAL_SETTINGS_INVALID
 */
export async function policyOf(tx: Tx, tenantId: string): Promise<Policy & { version: number }> {
  const row = await findSettings(tx, tenantId);
  return row === null ? { ...NO_POLICY, version: 0 } : { ...readPolicy(row.rules), version: row.version };
}

/**
 * The selectors that demand approval of documents with these labels: those of what is live, and of what is to be.
 * @throws ServiceError APPROVAL_SETTINGS_INVALID
 */
export const demandedOf = async (tx: Tx, ctx: Ctx, labels: readonly Readonly<Record<string, string>>[]) =>
  demandedBy(await policyOf(tx, ctx.tenant.id), labels);

/** The rules as an admin sees them. Such as cannot be read are told of, so that they can be set anew. */
export function getSettings(ctx: Ctx): Promise<ApprovalSettings> {
  return withTransaction(ctx, (tx) => tellSettings(tx, ctx.tenant.id));
}

/** The same, of a transaction. */
export async function tellSettings(tx: Tx, tenantId: string): Promise<ApprovalSettings> {
  const row = await findSettings(tx, tenantId);
  const around = await readAround(tx, tenantId, row?.version ?? 0);
  if (row === null)
    return { ...NO_POLICY, ...around, pipelines: [], version: 0, updatedBy: null, updatedAt: null, problem: null };
  const about = { ...around, version: row.version, updatedBy: row.updatedBy, updatedAt: row.updatedAt.toISOString() };
  try {
    const policy = readPolicy(row.rules);
    return { ...policy, pipelines: await countFits(tx, tenantId, policy.selectors), ...about, problem: null };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return { ...NO_POLICY, pipelines: [], ...about, problem: error.message };
  }
}

/** What is to be known beside the rules: who approved them, whether looser ones wait, and how many could approve those. */
async function readAround(tx: Tx, tenantId: string, version: number) {
  const [row] = await query<{ approvedBy: string | null; waitingId: string | null; admins: number }>(
    tx,
    sql`select
        (select closed_by from approval_requests where tenant_id = ${tenantId} and pipeline_id is null
          and state = 'applied' and target_version = ${version}) as "approvedBy",
        (select id from approval_requests where tenant_id = ${tenantId} and pipeline_id is null
          and state = 'open' and base_version = ${version} and expires_at > clock_timestamp()) as "waitingId",
        (select count(*)::int from approval_people() where is_active and role = 'admin') as admins`,
  );
  return row!;
}

/** How many pipelines each selector fits now. */
async function countFits(tx: Tx, tenantId: string, selectors: readonly string[]): Promise<number[]> {
  const wanted = JSON.stringify(selectors.map(parseLabelSelector));
  const rows = await query<{ n: number }>(
    tx,
    sql`select (
        select count(*)::int from pipeline_labels l where l.tenant_id = ${tenantId} and l.key = wanted.s ->> 'key'
          and (wanted.s ->> 'value' is null or l.value = wanted.s ->> 'value')
      ) as n
      from jsonb_array_elements(${wanted}::text::jsonb) with ordinality as wanted (s, at) order by wanted.at`,
  );
  return rows.map(({ n }) => n);
}

/** Where looser rules come from, for the audit log. */
type Approved = { requestId: string; requestedBy: string };

/**
 * Makes the rules hold, on top of those that the transaction has locked. The one place that writes them.
 * @throws ServiceError APPROVAL_SETTINGS_STALE of two who set them for the first time at once
 */
export async function writeSettings(
  tx: Tx,
  ctx: Ctx,
  before: SettingsRow | null,
  policy: Policy,
  approved: Approved | null,
): Promise<void> {
  const version = (before?.version ?? 0) + 1;
  const set = { ...policy, version, updatedBy: approved?.requestedBy ?? actorName(ctx.actor) };
  const written = before
    ? await tx
        .update(approvalSettings)
        .set({ ...set, updatedAt: sql`now()` })
        .where(eq(approvalSettings.tenantId, ctx.tenant.id))
        .returning()
    : await tx
        .insert(approvalSettings)
        .values({ tenantId: ctx.tenant.id, ...set })
        .onConflictDoNothing()
        .returning();
  if (written.length === 0) throw staleSettings(0, 1);
  await recordAudit(tx, ctx, {
    ...{ action: 'approval.settings', targetKind: 'approval_settings', targetId: ctx.tenant.id },
    ...{ before: before?.rules ?? NO_POLICY, after: policy, details: { version, ...approved } },
  });
}

export const staleSettings = (read: number, now: number) =>
  new ServiceError(
    'APPROVAL_SETTINGS_STALE',
    `the rules are at version ${now} and not ${read}: somebody changed them since; read them again`,
    { version: now },
  );
