import { and, eq, sql } from '#db/drizzle.ts';
import { pipelines, pipelineVersions } from '#db/schema/index.ts';
import { demandApproval, endOvertaken } from '#server/approvals/index.ts';
import { recordAudit } from '#server/audit/index.ts';
import type { PipelineDocument } from '#server/ir/index.ts';
import { type Tx, withTransaction } from '#server/lib/index.ts';
import { putSchedule } from '#server/schedules/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { getPipelineRow, type PipelineRow } from './find-pipeline.ts';
import { documentInvalid, getVersion } from './save-version.ts';
import { compileDocument } from './validate-document.ts';

/**
 * Makes a version (the latest when none is named) live, or, where the tenant's rules demand approval for the labels of
 * either this or the live version, asks for it: `waiting`, with the change request. It must compile against the tenant's
 * tables, and the schedule becomes what it says. Publishing the live version again changes nothing. Together with
 * `approveChange` the only way to go live.
 * @throws ServiceError PIPELINE_NOT_FOUND, VERSION_NOT_FOUND, DOCUMENT_INVALID, QUOTA_EXCEEDED,
 * APPROVAL_SETTINGS_INVALID, APPROVAL_PERSON_UNKNOWN
 */
export function publishVersion(ctx: Ctx, input: { id: string; version?: number | undefined }) {
  return withTransaction(ctx, async (tx) => {
    const pipeline = await getPipelineRow(tx, ctx, input.id, { lock: true });
    const version = input.version ?? pipeline.latestVersion;
    const target = await getVersion(tx, ctx, pipeline.id, version);
    const compiled = await compileDocument(tx, ctx, target.ir);
    if (!compiled.ok) throw documentInvalid(compiled.problems);
    const done = { id: pipeline.id, version, problems: compiled.problems };
    const changeRequest =
      pipeline.liveVersion === version ? null : await demandFor(tx, ctx, pipeline, { ...target, version });
    if (changeRequest) return { state: 'waiting' as const, ...done, changeRequest };
    await makeLive(tx, ctx, pipeline, { version, ir: target.ir }, null);
    return { state: 'live' as const, ...done };
  });
}

async function demandFor(tx: Tx, ctx: Ctx, pipeline: PipelineRow, target: { version: number; ir: PipelineDocument }) {
  const live = pipeline.liveVersion === null ? null : await getVersion(tx, ctx, pipeline.id, pipeline.liveVersion);
  return demandApproval(tx, ctx, {
    ...{ pipelineId: pipeline.id, pipelineName: pipeline.name },
    base: live && { version: live.version, labels: live.ir.metadata.labels },
    target: { version: target.version, labels: target.ir.metadata.labels },
  });
}

/** Where a version that was approved came from, for the audit log. */
export type Approved = { requestId: string; requestedBy: string };

/** The one place that changes what is live. The pipeline's row is locked, and the document compiles. */
export async function makeLive(
  tx: Tx,
  ctx: Ctx,
  pipeline: PipelineRow,
  { version, ir }: { version: number; ir: PipelineDocument },
  approved: Approved | null,
): Promise<void> {
  const tenantId = ctx.tenant.id;
  if (pipeline.liveVersion !== version) {
    await tx
      .update(pipelines)
      .set({ liveVersion: version, updatedAt: sql`now()` })
      .where(and(eq(pipelines.tenantId, tenantId), eq(pipelines.id, pipeline.id)));
    await tx
      .update(pipelineVersions)
      .set({ publishedAt: sql`now()` })
      .where(
        and(
          eq(pipelineVersions.tenantId, tenantId),
          eq(pipelineVersions.pipelineId, pipeline.id),
          eq(pipelineVersions.version, version),
        ),
      );
    await putSchedule(tx, { tenantId, pipelineId: pipeline.id, version, document: ir });
    await endOvertaken(tx, ctx, { pipelineId: pipeline.id, version }, approved?.requestId ?? null);
  }
  await recordAudit(tx, ctx, {
    action: 'pipeline.publish',
    targetKind: 'pipeline',
    targetId: pipeline.id,
    before: { liveVersion: pipeline.liveVersion },
    after: { liveVersion: version },
    details: { version, previousVersion: pipeline.liveVersion, ...approved },
  });
}
