import { and, eq } from '#db/drizzle.ts';
import { pipelines } from '#db/schema/index.ts';
import { isUuid, ServiceError, type Tx } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';

export type PipelineRow = typeof pipelines.$inferSelect;

/**
 * The tenant's pipeline of this id or name, locked against concurrent change when `lock` is set.
 * @throws ServiceError PIPELINE_NOT_FOUND, for another tenant's too.
 */
export async function getPipelineRow(
  tx: Tx,
  ctx: Ctx,
  ref: string,
  options: { lock?: boolean } = {},
): Promise<PipelineRow> {
  const isThis = isUuid(ref) ? eq(pipelines.id, ref) : eq(pipelines.name, ref);
  const select = tx
    .select()
    .from(pipelines)
    .where(and(eq(pipelines.tenantId, ctx.tenant.id), isThis));
  const [row] = await (options.lock ? select.for('update') : select);
  if (!row) throw new ServiceError('PIPELINE_NOT_FOUND', `there is no pipeline "${ref.slice(0, 100)}"`);
  return row;
}
