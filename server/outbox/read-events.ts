import { and, desc, eq, isNotNull, lt, sql } from 'drizzle-orm';
import type { z } from 'zod';
import { outboxEvents } from '#db/schema/index.ts';
import { decodeCursor, isUuid, queryOne, ServiceError, toPage, withTransaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { countBacklog } from './backlog.ts';
import type { EventDetail, EventItem, ListEventsInput, OutboxSummary } from './schemas.ts';

type Row = typeof outboxEvents.$inferSelect;

/** The tenant's events by status. Published ones are counted as they are marked, the others from the low-water on. */
export function getSummary(ctx: Ctx): Promise<z.infer<typeof OutboxSummary>> {
  return withTransaction(ctx, async (tx) => {
    const backlog = await countBacklog(tx, ctx.tenant.id);
    const counts = await queryOne<{ published: number; failed: number }>(
      tx,
      sql`select (select coalesce(sum(published), 0)::float8 from outbox_counters where tenant_id = ${ctx.tenant.id}) as published,
        (select count(*)::int from outbox_events where tenant_id = ${ctx.tenant.id} and failed_at is not null) as failed`,
    );
    return { ...backlog, ...counts };
  });
}

/** Newest first. */
export function listEvents(ctx: Ctx, input: ListEventsInput) {
  return withTransaction(ctx, async (tx) => {
    const rows = await tx
      .select()
      .from(outboxEvents)
      .where(
        and(
          eq(outboxEvents.tenantId, ctx.tenant.id),
          input.status ? eq(outboxEvents.status, input.status) : undefined,
          // Says what the index of failed events covers.
          input.status === 'failed' ? isNotNull(outboxEvents.failedAt) : undefined,
          input.key ? eq(outboxEvents.key, input.key) : undefined,
          input.type ? eq(outboxEvents.type, input.type) : undefined,
          input.cursor ? lt(outboxEvents.id, cursorId(input.cursor)) : undefined,
        ),
      )
      .orderBy(desc(outboxEvents.id))
      .limit(input.limit + 1);
    const { items, nextCursor } = toPage(rows, input.limit, (row) => [row.id]);
    return { items: items.map(toItem), nextCursor };
  });
}

/** @throws ServiceError EVENT_NOT_FOUND */
export function getEvent(ctx: Ctx, input: { id: string }): Promise<z.infer<typeof EventDetail>> {
  return withTransaction(ctx, async (tx) => {
    const [row] = await tx
      .select()
      .from(outboxEvents)
      .where(and(eq(outboxEvents.tenantId, ctx.tenant.id), eq(outboxEvents.id, input.id)));
    if (!row) throw new ServiceError('EVENT_NOT_FOUND', `no outbox event ${input.id}`);
    return { ...toItem(row), payload: row.payload, headers: row.headers };
  });
}

function cursorId(cursor: string): string {
  const [id = ''] = decodeCursor(cursor, 1);
  if (isUuid(id)) return id;
  throw new ServiceError('INPUT_INVALID', 'cursor is not one this list gave out; leave it away to start from the top');
}

function toItem(row: Row): z.infer<typeof EventItem> {
  const { id, type, key, status, attempts, requeueCount, payloadBytes, lastError, errorId } = row;
  return {
    ...{ id, type, key, status, attempts, requeueCount, payloadBytes, lastError, errorId },
    availableAt: row.availableAt.toISOString(),
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    publishedAt: row.publishedAt?.toISOString() ?? null,
    failedAt: row.failedAt?.toISOString() ?? null,
  };
}
