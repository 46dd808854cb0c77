import { createHash } from 'node:crypto';
import { and, eq, sql } from '#db/drizzle.ts';
import { pipelines, pipelineVersions } from '#db/schema/index.ts';
import { adoptsVersionOf } from '#server/approvals/index.ts';
import { recordAudit } from '#server/audit/index.ts';
import { type PipelineDocument, type Problem, parseDocument } from '#server/ir/index.ts';
import { newId, ServiceError, type Tx, withTransaction } from '#server/lib/index.ts';
import { requireQuota } from '#server/limits/index.ts';
import { actorName, type Ctx } from '#server/tenancy/index.ts';
import { getPipelineRow } from './find-pipeline.ts';
import { putLabels } from './labels.ts';

/** The document, or DOCUMENT_INVALID with all its problems. */
export function parseOrRefuse(document: unknown): PipelineDocument {
  const parsed = parseDocument(document);
  if (!parsed.ok) throw documentInvalid(parsed.problems);
  return parsed.doc;
}

export function documentInvalid(problems: Problem[]): ServiceError {
  const errors = problems.filter((problem) => problem.severity === 'error');
  const first = errors[0] ?? problems[0];
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return new ServiceError('DOCUMENT_INVALID', `${first?.pointer || '/'}: ${first?.message}${more}`, { problems });
}

const digestOf = (document: PipelineDocument) => createHash('sha256').update(JSON.stringify(document)).digest('hex');

/**
 * Creates a pipeline with its first version, not yet live. What it saves has the right shape; whether it
 * compiles is asked by validate and demanded by publish, so that half-finished work can be kept.
 * @throws ServiceError DOCUMENT_INVALID, PIPELINE_NAME_TAKEN, QUOTA_EXCEEDED
 */
export function createPipeline(ctx: Ctx, input: { document: unknown }) {
  const document = parseOrRefuse(input.document);
  const { name, description, owner, labels } = document.metadata;
  return withTransaction(ctx, async (tx) => {
    await requireQuota(tx, ctx.tenant.id, 'pipelines');
    const id = newId();
    const made = await tx
      .insert(pipelines)
      .values({ tenantId: ctx.tenant.id, id, name, description, owner, latestVersion: 1 })
      .onConflictDoNothing({ target: [pipelines.tenantId, pipelines.name] })
      .returning({ id: pipelines.id });
    if (made.length === 0)
      throw new ServiceError('PIPELINE_NAME_TAKEN', `there is already a pipeline "${name}"`, { name });
    await insertVersion(tx, ctx, id, 1, document);
    await putLabels(tx, ctx.tenant.id, id, labels);
    await recordAudit(tx, ctx, {
      action: 'pipeline.create',
      targetKind: 'pipeline',
      targetId: id,
      after: document,
      details: { name, version: 1 },
    });
    return { id, name, version: 1 };
  });
}

/**
 * Saves a new immutable version on top of `baseVersion`. Saving what is already the latest changes nothing, unless a key
 * that nobody made saved that: then it is a version of whom does.
 * @throws ServiceError PIPELINE_NOT_FOUND, VERSION_STALE, DOCUMENT_INVALID, PIPELINE_NAME_TAKEN
 */
export function saveIr(ctx: Ctx, input: { id: string; baseVersion: number; document: unknown }) {
  const document = parseOrRefuse(input.document);
  return withTransaction(ctx, async (tx) => {
    const pipeline = await getPipelineRow(tx, ctx, input.id, { lock: true });
    if (pipeline.latestVersion !== input.baseVersion)
      throw new ServiceError(
        'VERSION_STALE',
        `version ${pipeline.latestVersion} was saved since version ${input.baseVersion} was read; load it and apply the change again`,
        { latestVersion: pipeline.latestVersion, baseVersion: input.baseVersion },
      );
    const before = await getVersion(tx, ctx, pipeline.id, pipeline.latestVersion);
    if (before.digest === digestOf(document) && !(await adoptsVersionOf(tx, ctx, before.createdBy)))
      return { id: pipeline.id, version: pipeline.latestVersion };
    const version = pipeline.latestVersion + 1;
    await insertVersion(tx, ctx, pipeline.id, version, document);
    await updateHead(tx, ctx, pipeline.id, version, document);
    await recordAudit(tx, ctx, {
      action: 'pipeline.save',
      targetKind: 'pipeline',
      targetId: pipeline.id,
      before: before.ir,
      after: document,
      details: { version },
    });
    return { id: pipeline.id, version };
  });
}

async function insertVersion(tx: Tx, ctx: Ctx, pipelineId: string, version: number, document: PipelineDocument) {
  await tx.insert(pipelineVersions).values({
    tenantId: ctx.tenant.id,
    pipelineId,
    version,
    ir: document,
    digest: digestOf(document),
    createdBy: actorName(ctx.actor),
  });
}

async function updateHead(tx: Tx, ctx: Ctx, pipelineId: string, version: number, document: PipelineDocument) {
  const { name, description, owner, labels } = document.metadata;
  const [taken] = await tx
    .select({ id: pipelines.id })
    .from(pipelines)
    .where(and(eq(pipelines.tenantId, ctx.tenant.id), eq(pipelines.name, name)));
  if (taken && taken.id !== pipelineId)
    throw new ServiceError('PIPELINE_NAME_TAKEN', `there is already a pipeline "${name}"`);
  await tx
    .update(pipelines)
    .set({ latestVersion: version, name, description, owner, updatedAt: sql`now()` })
    .where(and(eq(pipelines.tenantId, ctx.tenant.id), eq(pipelines.id, pipelineId)));
  await putLabels(tx, ctx.tenant.id, pipelineId, labels);
}

/** @throws ServiceError VERSION_NOT_FOUND */
export async function getVersion(tx: Tx, ctx: Ctx, pipelineId: string, version: number) {
  const [row] = await tx
    .select()
    .from(pipelineVersions)
    .where(
      and(
        eq(pipelineVersions.tenantId, ctx.tenant.id),
        eq(pipelineVersions.pipelineId, pipelineId),
        eq(pipelineVersions.version, version),
      ),
    );
  if (!row) throw new ServiceError('VERSION_NOT_FOUND', `the pipeline has no version ${version}`);
  return { ...row, ir: row.ir as PipelineDocument };
}
