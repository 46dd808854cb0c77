import { sql } from '#db/drizzle.ts';
import { recordAudit } from '#server/audit/index.ts';
import { parseDocument } from '#server/ir/index.ts';
import { ERROR_CODES, inSavepoint, ServiceError, type Tx, withTransaction } from '#server/lib/index.ts';
import { createPipeline, publishVersion, saveIr } from '#server/pipelines/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { findHere, type Here, isAdopted } from './find-here.ts';
import { nameOf } from './parse-files.ts';
import type { Applied } from './schemas.ts';

export type ApplyItem = { document: unknown; baseVersion: number | null };

/**
 * Makes each document the latest version of the pipeline of its name, and live when asked. Each is carried out as a
 * whole or not at all, whatever becomes of the others; one whose pipeline is no longer as the plan saw it is refused.
 */
export function applyDocuments(
  ctx: Ctx,
  input: { items: ApplyItem[]; publish: boolean; commitId?: string },
): Promise<{ items: Applied[] }> {
  return withTransaction(ctx, async (tx) => {
    await lockPipelines(tx, ctx, input.items);
    const items: Applied[] = [];
    // In the order given: a later pipeline may read what an earlier one makes.
    for (const item of input.items) items.push(await applyWhole(tx, ctx, item, input.publish));
    await recordAudit(tx, ctx, {
      ...{ action: 'gitops.apply', targetKind: 'gitops', targetId: ctx.tenant.id },
      details: { commitId: input.commitId ?? null, publish: input.publish, results: countResults(items) },
    });
    return { items };
  });
}

const countResults = (items: Applied[]) =>
  Object.fromEntries([...Map.groupBy(items, ({ result }) => result)].map(([result, those]) => [result, those.length]));

/** By name, so that two who apply the same documents in another order wait instead of refusing each other. */
async function lockPipelines(tx: Tx, ctx: Ctx, items: ApplyItem[]): Promise<void> {
  const names = items.map(({ document }) => nameOf(document)).filter((name) => name !== null);
  await tx.execute(sql`select from pipelines where tenant_id = ${ctx.tenant.id}
    and name in (select jsonb_array_elements_text(${JSON.stringify(names)}::jsonb)) order by name for update`);
}

async function applyWhole(tx: Tx, ctx: Ctx, item: ApplyItem, publish: boolean): Promise<Applied> {
  try {
    return await inSavepoint(tx, (inner) => applyOne(inner, { ...ctx, tx: inner }, item, publish));
  } catch (error) {
    // What went wrong on our side ends all of it.
    if (!(error instanceof ServiceError) || ERROR_CODES[error.code].http >= 500) throw error;
    const isStale = error.code === 'VERSION_STALE' || error.code === 'PIPELINE_NAME_TAKEN';
    return {
      ...{ name: nameOf(item.document), result: isStale ? 'stale' : 'refused', version: null, isPublished: false },
      changeRequestId: null,
      message: error.message,
    };
  }
}

async function applyOne(tx: Tx, ctx: Ctx, { document, baseVersion }: ApplyItem, publish: boolean): Promise<Applied> {
  const parsed = parseDocument(document);
  const here = parsed.ok ? await findHere(tx, ctx.tenant.id, parsed.doc) : null;
  // One that is wrong is refused by whoever saves it, with all its problems.
  if (parsed.ok && here === null && baseVersion !== null)
    throw new ServiceError(
      'VERSION_STALE',
      `pipeline "${parsed.doc.metadata.name}" is no longer here; make a new plan`,
    );
  const saved = await save(ctx, here, { document, baseVersion }, await isAdopted(tx, ctx, here, publish));
  const done = { name: nameOf(document), version: saved.version, changeRequestId: null, message: '' };
  // Live is the same already.
  if (!publish || (here?.isLatest && here.isPublished)) return { ...done, result: saved.result, isPublished: false };
  const published = await publishVersion(ctx, { id: saved.id, version: saved.version });
  if (published.state === 'waiting')
    return {
      ...{ ...done, result: 'waiting', isPublished: false, changeRequestId: published.changeRequest.id },
      message: `version ${saved.version} is saved and waits for approval until ${published.changeRequest.expiresAt}`,
    };
  return { ...done, result: saved.result === 'unchanged' ? 'published' : saved.result, isPublished: true };
}

/** What is said already is not stale, whoever said it: applying twice is applying once. */
async function save(ctx: Ctx, here: Here | null, { document, baseVersion }: ApplyItem, isSaidAnew: boolean) {
  if (here?.isLatest) {
    const { id, latestVersion } = here;
    if (!isSaidAnew) return { id, version: latestVersion, result: 'unchanged' as const };
    return { ...(await saveIr(ctx, { id, baseVersion: latestVersion, document })), result: 'saved' as const };
  }
  if (here === null || baseVersion === null)
    return { ...(await createPipeline(ctx, { document })), result: 'created' as const };
  return { ...(await saveIr(ctx, { id: here.id, baseVersion, document })), result: 'saved' as const };
}
