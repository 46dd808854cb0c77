import { and, count, desc, eq, isNotNull, isNull, lt, type SQL } from '#db/drizzle.ts';
import { dlqEntries } from '#db/schema/index.ts';
import { decodeIdCursor, toPage, withTransaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import type { DlqEntry, DlqFilter, ListDlqInput } from './schemas.ts';

/** The tenant's dead letters, newest first. */
export async function listDlq(
  ctx: Ctx,
  input: ListDlqInput,
): Promise<{ items: DlqEntry[]; nextCursor: string | null }> {
  const before = input.cursor === undefined ? undefined : decodeIdCursor(input.cursor);
  const rows = await withTransaction(ctx, (tx) =>
    tx
      .select()
      .from(dlqEntries)
      .where(and(matching(ctx, input), before === undefined ? undefined : lt(dlqEntries.id, before)))
      .orderBy(desc(dlqEntries.id))
      .limit(input.limit + 1),
  );
  const page = toPage(rows, input.limit, (row) => [row.id]);
  return { items: page.items.map(toEntry), nextCursor: page.nextCursor };
}

/** How many there are, and of what, whatever the page shows. */
export async function countDlq(ctx: Ctx, filter: DlqFilter) {
  const byRule = await withTransaction(ctx, (tx) =>
    tx
      .select({
        nodeId: dlqEntries.nodeId,
        rule: dlqEntries.rule,
        errorKind: dlqEntries.errorKind,
        count: count(),
      })
      .from(dlqEntries)
      .where(matching(ctx, filter))
      .groupBy(dlqEntries.nodeId, dlqEntries.rule, dlqEntries.errorKind)
      .orderBy(desc(count()), dlqEntries.nodeId, dlqEntries.rule),
  );
  return { total: byRule.reduce((sum, row) => sum + row.count, 0), byRule };
}

function matching(ctx: Ctx, filter: DlqFilter): SQL | undefined {
  return and(
    eq(dlqEntries.tenantId, ctx.tenant.id),
    filter.runId ? eq(dlqEntries.runId, filter.runId) : undefined,
    filter.pipelineId ? eq(dlqEntries.pipelineId, filter.pipelineId) : undefined,
    filter.nodeId ? eq(dlqEntries.nodeId, filter.nodeId) : undefined,
    filter.rule ? eq(dlqEntries.rule, filter.rule) : undefined,
    filter.errorKind ? eq(dlqEntries.errorKind, filter.errorKind) : undefined,
    filter.state === 'open' ? isNull(dlqEntries.ackedAt) : undefined,
    filter.state === 'acked' ? isNotNull(dlqEntries.ackedAt) : undefined,
  );
}

function toEntry(row: typeof dlqEntries.$inferSelect): DlqEntry {
  const { tenantId: _tenant, tx: _tx, ackedBy: _by, ...entry } = row;
  return {
    ...entry,
    firstSeenAt: row.firstSeenAt.toISOString(),
    lastSeenAt: row.lastSeenAt.toISOString(),
    ackedAt: row.ackedAt?.toISOString() ?? null,
  };
}
