import type { z } from 'zod';
import { sql } from '#db/drizzle.ts';
import { query, ServiceError, type Tx, withTransaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { type ApplyItem, applyDocuments } from './apply-documents.ts';
import { actionOf, isAdopted } from './find-here.ts';
import type { Applied, ApplySourceInput, SourcePlan } from './schemas.ts';
import { requireSource } from './source.ts';
import { driftRows } from './states.ts';
import { readCheck, readSource } from './status.ts';

type PlanRow = {
  name: string;
  file: string;
  latestVersion: number | null;
  liveVersion: number | null;
  isLatest: boolean;
  latestBy: string | null;
};

/**
 * What applying the checked commit would do to the pipelines as they are now: those that are changed or missing.
 * Nothing, and no commit, where none was checked that could be applied.
 */
export function planSource(ctx: Ctx): Promise<SourcePlan> {
  return withTransaction(ctx, async (tx) => {
    const checked = await checkedCommit(tx, ctx);
    if (checked.commitId === null) return { checkId: null, commitId: null, items: [] };
    const rows = await query<PlanRow>(
      tx,
      sql`select name, file, latest_version as "latestVersion", live_version as "liveVersion", is_latest as "isLatest",
          latest_by as "latestBy"
        from ${driftRows(ctx.tenant.id)} r where state in ('changed', 'missing') order by file, line`,
    );
    const items = [];
    for (const { name, file, latestVersion, liveVersion, isLatest, latestBy } of rows) {
      // Of what is changed, the live version is another where the latest one is the same.
      const here = latestBy === null ? null : { isLatest, isPublished: false, latestBy };
      const action = actionOf(here, { publish: true, isAdopted: await isAdopted(tx, ctx, here, true) });
      items.push({ ...{ name, file, liveVersion, baseVersion: latestVersion }, action });
    }
    return { checkId: checked.checkId, commitId: checked.commitId, items };
  });
}

/**
 * Applies documents of the checked commit by name.
 * @throws ServiceError GITOPS_NOT_CONFIGURED; GITOPS_PLAN_STALE when there was another check since the plan
 */
export async function applySource(ctx: Ctx, input: z.output<typeof ApplySourceInput>): Promise<{ items: Applied[] }> {
  await requireSource(ctx);
  return withTransaction(ctx, async (tx) => {
    // So that no check replaces the documents while they are applied.
    await tx.execute(sql`select from gitops_sources where tenant_id = ${ctx.tenant.id} for update`);
    const checked = await checkedCommit(tx, ctx);
    if (checked.commitId === null) throw new ServiceError('GITOPS_PLAN_STALE', checked.why);
    const { checkId, commitId } = checked;
    // Not the commit: the same one has other documents in another folder.
    if (checkId !== input.checkId.toLowerCase())
      throw new ServiceError(
        'GITOPS_PLAN_STALE',
        `the repository was checked since, at commit ${commitId.slice(0, 12)}; look at the new plan`,
        { checkId, commitId },
      );
    const documents = await readDocuments(tx, ctx);
    const known = input.items.filter(({ name }) => documents.has(name));
    const applied = await applyDocuments(
      { ...ctx, tx },
      {
        items: known.map(({ name, baseVersion }): ApplyItem => ({ document: documents.get(name), baseVersion })),
        publish: input.publish,
        commitId,
      },
    );
    const byName = new Map(applied.items.map((item) => [item.name, item]));
    return { items: input.items.map(({ name }) => byName.get(name) ?? notThere(name)) };
  });
}

const notThere = (name: string): Applied => ({
  ...{ name, result: 'refused', version: null, isPublished: false, changeRequestId: null },
  message: `commit has no valid document for "${name}"`,
});

/** The commit whose documents may be applied, or why there is none. */
async function checkedCommit(
  tx: Tx,
  ctx: Ctx,
): Promise<{ checkId: string; commitId: string } | { commitId: null; why: string }> {
  const source = await readSource(tx, ctx.tenant.id);
  const check = source && (await readCheck(tx, ctx.tenant.id, source));
  const none = (why: string) => ({ commitId: null, why });
  if (!check) return none('the repository was not checked yet; check it first');
  if (!check.commit) return none(`the repository could not be read: ${check.error?.message ?? ''}`);
  if (check.isOutdated) return none('the connection was changed since the last check; check again');
  return { checkId: check.id, commitId: check.commit.id };
}

async function readDocuments(tx: Tx, ctx: Ctx): Promise<Map<string, unknown>> {
  const rows = await query<{ name: string; document: unknown }>(
    tx,
    sql`select name, document from gitops_documents where tenant_id = ${ctx.tenant.id} and document is not null`,
  );
  return new Map(rows.map(({ name, document }) => [name, document]));
}
