import { sql } from '#db/drizzle.ts';
import { queryOne, withTransaction } from '#server/lib/index.ts';
import { nextFires } from '#server/schedules/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { getPipelineRow } from './find-pipeline.ts';
import { type PipelineSelectRow, pipelineItem, pipelineSelect } from './list-pipelines.ts';
import { getVersion } from './save-version.ts';

const NEXT_FIRES = 5;

/**
 * One pipeline by id or name, with its schedule's next five fires (none while paused without an end).
 * @throws ServiceError PIPELINE_NOT_FOUND
 */
export function getPipeline(ctx: Ctx, input: { id: string }) {
  return withTransaction(ctx, async (tx) => {
    const { id } = await getPipelineRow(tx, ctx, input.id);
    const row = await queryOne<PipelineSelectRow & { now: string; nextFireAt: string | null }>(
      tx,
      sql`select x.*, now() as now, (select next_fire_at from schedules where tenant_id = ${ctx.tenant.id} and pipeline_id = ${id}) as "nextFireAt"
        from (${pipelineSelect(ctx.tenant.id)} where p.tenant_id = ${ctx.tenant.id} and p.id = ${id}) x`,
    );
    const fires =
      row.schedule && row.policies
        ? nextFires(row.schedule, { after: new Date(row.now), count: NEXT_FIRES, dst: row.policies.dst })
        : [];
    return {
      ...pipelineItem(row),
      policies: row.policies,
      nextFires: fires.map(({ at, local, dst }) => ({ at: at.toISOString(), local, dst: dst ?? null })),
    };
  });
}

/**
 * A saved document: the version asked for, else the latest.
 * @throws ServiceError PIPELINE_NOT_FOUND, VERSION_NOT_FOUND
 */
export function getIr(ctx: Ctx, input: { id: string; version?: number | undefined }) {
  return withTransaction(ctx, async (tx) => {
    const pipeline = await getPipelineRow(tx, ctx, input.id);
    const row = await getVersion(tx, ctx, pipeline.id, input.version ?? pipeline.latestVersion);
    return {
      pipelineId: pipeline.id,
      version: row.version,
      liveVersion: pipeline.liveVersion,
      latestVersion: pipeline.latestVersion,
      createdBy: row.createdBy,
      createdAt: row.createdAt.toISOString(),
      document: row.ir,
    };
  });
}
