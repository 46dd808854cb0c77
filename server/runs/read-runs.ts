import { and, asc, desc, eq, getTableColumns, lt } from '#db/drizzle.ts';
import { pipelines, runAttempts, runNodes, runQueue, runs } from '#db/schema/index.ts';
import { decodeIdCursor, isUuid, ServiceError, toPage, withTransaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import type { ListRunsInput, RunDetail, RunItem } from './schemas.ts';

const text = (at: Date | null) => at?.toISOString() ?? null;
const columns = { ...getTableColumns(runs), pipelineName: pipelines.name };
const ofPipeline = and(eq(pipelines.tenantId, runs.tenantId), eq(pipelines.id, runs.pipelineId));

/** The tenant's runs, newest first. */
export async function listRuns(
  ctx: Ctx,
  input: ListRunsInput,
): Promise<{ items: RunItem[]; nextCursor: string | null }> {
  const before = input.cursor === undefined ? undefined : decodeIdCursor(input.cursor);
  const rows = await withTransaction(ctx, (tx) =>
    tx
      .select(columns)
      .from(runs)
      .innerJoin(pipelines, ofPipeline)
      .where(
        and(
          eq(runs.tenantId, ctx.tenant.id),
          input.pipelineId ? eq(runs.pipelineId, input.pipelineId) : undefined,
          input.status ? eq(runs.status, input.status) : undefined,
          input.trigger ? eq(runs.trigger, input.trigger) : undefined,
          before === undefined ? undefined : lt(runs.id, before),
        ),
      )
      .orderBy(desc(runs.id))
      .limit(input.limit + 1),
  );
  const page = toPage(rows, input.limit, (row) => [row.id]);
  return { items: page.items.map(toItem), nextCursor: page.nextCursor };
}

/**
 * One run with its nodes and attempts.
 * @throws ServiceError RUN_NOT_FOUND, for another tenant's too.
 */
export function getRun(ctx: Ctx, input: { id: string }): Promise<RunDetail> {
  return withTransaction(ctx, async (tx) => {
    const tenantId = ctx.tenant.id;
    const [run] = isUuid(input.id)
      ? await tx
          .select(columns)
          .from(runs)
          .innerJoin(pipelines, ofPipeline)
          .where(and(eq(runs.tenantId, tenantId), eq(runs.id, input.id)))
      : [];
    if (!run) throw new ServiceError('RUN_NOT_FOUND', `there is no run "${input.id.slice(0, 100)}"`);
    const nodes = await tx
      .select()
      .from(runNodes)
      .where(and(eq(runNodes.tenantId, tenantId), eq(runNodes.runId, run.id)))
      .orderBy(asc(runNodes.ordinal));
    const attempts = await tx
      .select()
      .from(runAttempts)
      .where(and(eq(runAttempts.tenantId, tenantId), eq(runAttempts.runId, run.id)))
      .orderBy(asc(runAttempts.attempt));
    const [queued] = await tx
      .select()
      .from(runQueue)
      .where(and(eq(runQueue.tenantId, tenantId), eq(runQueue.runId, run.id)));
    return {
      ...toItem(run),
      params: run.params,
      progress: queued?.progress ?? null,
      isCancelRequested: queued?.cancelRequestedAt != null,
      availableAt: run.status === 'queued' && queued ? queued.availableAt.toISOString() : null,
      nodes: nodes.map(({ tenantId: _t, runId: _r, attempt: _a, ordinal: _o, ...node }) => node),
      attempts: attempts.map(({ attempt, status, runner, startedAt, finishedAt, error }) => ({
        ...{ attempt, status, runner, error },
        startedAt: startedAt.toISOString(),
        finishedAt: text(finishedAt),
      })),
    };
  });
}

function toItem(run: typeof runs.$inferSelect & { pipelineName: string }): RunItem {
  const { id, pipelineId, pipelineName, version, status, trigger, backfillId, attempt, maxAttempts } = run;
  const { error, note, requestedBy, rowsIn, rowsOut, rowsRejected } = run;
  return {
    ...{ id, pipelineId, pipelineName, version, status, trigger, backfillId, attempt, maxAttempts },
    ...{ error, note, requestedBy, rowsIn, rowsOut, rowsRejected },
    scheduledFor: text(run.scheduledFor),
    intervalStart: text(run.intervalStart),
    intervalEnd: text(run.intervalEnd),
    queuedAt: run.queuedAt.toISOString(),
    startedAt: text(run.startedAt),
    finishedAt: text(run.finishedAt),
  };
}
