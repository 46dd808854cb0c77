import { and, desc, eq, lt } from '#db/drizzle.ts';
import { pipelineVersions } from '#db/schema/index.ts';
import { approvalsOf } from '#server/approvals/index.ts';
import { decodeCursor, ServiceError, toPage, withTransaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { getPipelineRow } from './find-pipeline.ts';

/**
 * A pipeline's versions, newest first, without their documents.
 * @throws ServiceError PIPELINE_NOT_FOUND
 */
export function listVersions(ctx: Ctx, input: { id: string; limit: number; cursor?: string | undefined }) {
  const before = input.cursor ? Number(decodeCursor(input.cursor, 1)[0]) : null;
  if (before !== null && !(Number.isInteger(before) && before > 0 && before < 2 ** 31))
    throw new ServiceError(
      'INPUT_INVALID',
      'cursor is not one this list gave out; leave it away to start from the top',
    );
  return withTransaction(ctx, async (tx) => {
    const pipeline = await getPipelineRow(tx, ctx, input.id);
    const rows = await tx
      .select({
        version: pipelineVersions.version,
        createdBy: pipelineVersions.createdBy,
        createdAt: pipelineVersions.createdAt,
        publishedAt: pipelineVersions.publishedAt,
      })
      .from(pipelineVersions)
      .where(
        and(
          eq(pipelineVersions.tenantId, ctx.tenant.id),
          eq(pipelineVersions.pipelineId, pipeline.id),
          before === null ? undefined : lt(pipelineVersions.version, before),
        ),
      )
      .orderBy(desc(pipelineVersions.version))
      .limit(input.limit + 1);
    const approvals = await approvalsOf(
      tx,
      ctx.tenant.id,
      pipeline.id,
      rows.map(({ version }) => version),
    );
    const page = toPage(rows, input.limit, (row) => [String(row.version)]);
    return {
      items: page.items.map((row) => ({
        version: row.version,
        isLive: row.version === pipeline.liveVersion,
        createdBy: row.createdBy,
        createdAt: row.createdAt.toISOString(),
        publishedAt: row.publishedAt?.toISOString() ?? null,
        approval: approvals.get(row.version) ?? null,
      })),
      nextCursor: page.nextCursor,
    };
  });
}
