import { eq, sql } from 'drizzle-orm';
import { approvalSettings } from '#db/schema/index.ts';
import { recordAudit } from '#server/audit/index.ts';
import { parseLabelSelector } from '#server/ir/index.ts';
import { query, ServiceError, type Tx, withTransaction } from '#server/lib/index.ts';
import { actorName, type Ctx } from '#server/tenancy/index.ts';
import { demandedBy, NO_POLICY, type Policy, readPolicy } from './policy.ts';
import type { ApprovalSettings } from './schemas.ts';

type Row = typeof approvalSettings.$inferSelect;

async function findRow(tx: Tx, tenantId: string, lock = false): Promise<Row | null> {
  const select = tx.select().from(approvalSettings).where(eq(approvalSettings.tenantId, tenantId));
  return (await (lock ? select.for('update') : select))[0] ?? null;
}

const ruled = ({ selectors, stages, expiryHours, allowSamePerson }: Row) => ({
  ...{ selectors, stages, expiryHours, allowSamePerson },
});

/**
 * The tenant's rules and their version; version 0: never set, so nothing needs approval.
 * @throws ServiceError APPROVAL_SETTINGS_INVALID
 */
export async function policyOf(tx: Tx, tenantId: string): Promise<Policy & { version: number }> {
  const row = await findRow(tx, tenantId);
  return row === null ? { ...NO_POLICY, version: 0 } : { ...readPolicy(ruled(row)), version: row.version };
}

/**
 * The selectors that demand approval of documents with these labels: those of what is live, and of what is to be.
 * @throws ServiceError APPROVAL_SETTINGS_INVALID
 */
export const demandedOf = async (tx: Tx, ctx: Ctx, labels: readonly Readonly<Record<string, string>>[]) =>
  demandedBy(await policyOf(tx, ctx.tenant.id), labels);

/** The rules as an admin sees them. Such as cannot be read are told of, so that they can be set anew. */
export function getSettings(ctx: Ctx) {
  return withTransaction(ctx, async (tx) => toldOf(tx, ctx.tenant.id, await findRow(tx, ctx.tenant.id)));
}

async function toldOf(tx: Tx, tenantId: string, row: Row | null): Promise<ApprovalSettings> {
  if (row === null) return { ...NO_POLICY, pipelines: [], version: 0, updatedBy: null, updatedAt: null, problem: null };
  const about = { version: row.version, updatedBy: row.updatedBy, updatedAt: row.updatedAt.toISOString() };
  try {
    const policy = readPolicy(ruled(row));
    return { ...policy, pipelines: await countFits(tx, tenantId, policy.selectors), ...about, problem: null };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return { ...NO_POLICY, pipelines: [], ...about, problem: error.message };
  }
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

/**
 * Sets the rules for the requests to come; those that are open keep what they were made with.
 * @throws ServiceError APPROVAL_SETTINGS_STALE when they are no longer the version that was read
 */
export function setSettings(ctx: Ctx, input: Policy & { version: number }) {
  const { version, ...policy } = input;
  return withTransaction(ctx, async (tx) => {
    const before = await findRow(tx, ctx.tenant.id, true);
    const stale = (now: number) =>
      new ServiceError(
        'APPROVAL_SETTINGS_STALE',
        `the rules are at version ${now} and not ${version}: somebody changed them since; read them again`,
        { version: now },
      );
    if ((before?.version ?? 0) !== version) throw stale(before?.version ?? 0);
    const set = { ...policy, version: version + 1, updatedBy: actorName(ctx.actor) };
    const [row] = before
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
    // Two who set them for the first time at once.
    if (!row) throw stale(1);
    await recordAudit(tx, ctx, {
      ...{ action: 'approval.settings', targetKind: 'approval_settings', targetId: ctx.tenant.id },
      ...{ before: before ? ruled(before) : NO_POLICY, after: policy, details: { version: row.version } },
    });
    return toldOf(tx, ctx.tenant.id, row);
  });
}
