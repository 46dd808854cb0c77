import { and, desc, eq, lt } from '#db/drizzle.ts';
import { occurrences } from '#db/schema/index.ts';
import { decodeCursor, ServiceError, type Tx, toPage } from '#server/lib/index.ts';

type Input = { tenantId: string; pipelineId: string; limit: number; cursor?: string | undefined };

/** The ledger of one pipeline, newest first. A stretch is one row from dueAt to until with its count. */
export async function listOccurrences(tx: Tx, input: Input) {
  const before = input.cursor ? cursorInstant(input.cursor) : null;
  const rows = await tx
    .select()
    .from(occurrences)
    .where(
      and(
        eq(occurrences.tenantId, input.tenantId),
        eq(occurrences.pipelineId, input.pipelineId),
        before ? lt(occurrences.dueAt, before) : undefined,
      ),
    )
    .orderBy(desc(occurrences.dueAt))
    .limit(input.limit + 1);
  const page = toPage(rows, input.limit, (row) => [row.dueAt.toISOString()]);
  return {
    nextCursor: page.nextCursor,
    items: page.items.map((row) => ({
      dueAt: row.dueAt.toISOString(),
      until: row.dueUntil?.toISOString() ?? null,
      count: row.count,
      verdict: row.verdict,
      reason: row.reason,
      runId: row.runId,
      decidedAt: row.decidedAt.toISOString(),
    })),
  };
}

function cursorInstant(cursor: string): Date {
  const at = new Date(decodeCursor(cursor, 1)[0]!);
  if (!Number.isNaN(at.getTime())) return at;
  throw new ServiceError('INPUT_INVALID', 'cursor is not one this list gave out; leave it away to start from the top');
}
