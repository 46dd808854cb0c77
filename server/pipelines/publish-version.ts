import { and, eq, sql } from 'drizzle-orm';
import { pipelines, pipelineVersions } from '#db/schema/index.ts';
import { recordAudit } from '#server/audit/index.ts';
import { withTransaction } from '#server/lib/index.ts';
import { putSchedule } from '#server/schedules/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { getPipelineRow } from './find-pipeline.ts';
import { documentInvalid, getVersion } from './save-version.ts';
import { compileDocument } from './validate-document.ts';

/**
 * Makes a version (the latest when none is named) live: it must compile against the tenant's tables, and the
 * schedule becomes what it says. Publishing the live version again changes nothing.
 * @throws ServiceError PIPELINE_NOT_FOUND, VERSION_NOT_FOUND, DOCUMENT_INVALID
 */
export function publishVersion(ctx: Ctx, input: { id: string; version?: number | undefined }) {
  return withTransaction(ctx, async (tx) => {
    const pipeline = await getPipelineRow(tx, ctx, input.id, { lock: true });
    const version = input.version ?? pipeline.latestVersion;
    const { ir } = await getVersion(tx, ctx, pipeline.id, version);
    const compiled = await compileDocument(tx, ctx, ir);
    if (!compiled.ok) throw documentInvalid(compiled.problems);
    if (pipeline.liveVersion !== version) {
      await tx
        .update(pipelines)
        .set({ liveVersion: version, updatedAt: sql`now()` })
        .where(and(eq(pipelines.tenantId, ctx.tenant.id), eq(pipelines.id, pipeline.id)));
      await tx
        .update(pipelineVersions)
        .set({ publishedAt: sql`now()` })
        .where(
          and(
            eq(pipelineVersions.tenantId, ctx.tenant.id),
            eq(pipelineVersions.pipelineId, pipeline.id),
            eq(pipelineVersions.version, version),
          ),
        );
      await putSchedule(tx, { tenantId: ctx.tenant.id, pipelineId: pipeline.id, version, document: ir });
    }
    await recordAudit(tx, ctx, {
      action: 'pipeline.publish',
      targetKind: 'pipeline',
      targetId: pipeline.id,
      before: { liveVersion: pipeline.liveVersion },
      after: { liveVersion: version },
      details: { version, previousVersion: pipeline.liveVersion },
    });
    return { id: pipeline.id, version, problems: compiled.problems };
  });
}
