import type { z } from 'zod';
import { type SQL, sql } from '#db/drizzle.ts';
import {
  decodeCursor,
  encodeCursor,
  isUuid,
  query,
  queryOne,
  ServiceError,
  type Tx,
  withTransaction,
} from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { aboveLowWater, countBacklog, readLowWaters } from './backlog.ts';
import { LIST_MAX_SCAN, SUMMARY_FRESH_MS } from './config.ts';
import { createFresh } from './fresh.ts';
import { matchFilter } from './match-events.ts';
import type { EventDetail, EventItem, EventPage, ListEventsInput, OutboxSummary } from './schemas.ts';

type Summary = z.infer<typeof OutboxSummary>;
type Item = z.infer<typeof EventItem>;
const summaries = createFresh<Summary>(SUMMARY_FRESH_MS);

/** For whoever changed a tenant's counts in this process. */
export const forgetSummary = (ctx: Ctx): void => summaries.forget(ctx.pool, ctx.tenant.id);

/**
 * The tenant's events by status. Published ones are counted as they are marked, the others from the low-water on;
 * one process counts a tenant at most every two seconds.
 */
export function getSummary(ctx: Ctx): Promise<Summary> {
  return summaries.get(ctx.pool, ctx.tenant.id, () =>
    withTransaction(ctx, async (tx) => {
      const { pending, processing, oldestPendingAgeSeconds } = await countBacklog(tx, ctx.tenant.id);
      const { published, failed } = await queryOne<{ published: number; failed: number }>(
        tx,
        sql`select (select coalesce(sum(published), 0)::float8 from outbox_counters where tenant_id = ${ctx.tenant.id}) as published,
          (select count(*)::int from outbox_events where tenant_id = ${ctx.tenant.id} and failed_at is not null) as failed`,
      );
      return { pending, processing, published, failed, oldestPendingAgeSeconds };
    }),
  );
}

/**
 * Newest first. What no index finds is looked for among the newest 50,000 events before the cursor: a page may then
 * be short, or empty, and have a cursor all the same.
 */
export function listEvents(ctx: Ctx, input: ListEventsInput): Promise<z.infer<typeof EventPage>> {
  return withTransaction(ctx, async (tx) => {
    const before = input.cursor ? sql`and e.id < ${cursorId(input.cursor)}` : sql``;
    const own = sql`e.tenant_id = ${ctx.tenant.id} ${before}`;
    const reach = await reachOf(tx, own, input);
    const matching = sql.join([own, ...reach.conditions, ...matchFilter(input)], sql` and `);
    const rows = await query<Row>(
      tx,
      sql`select ${ITEM_COLUMNS} from outbox_events e where ${matching} order by e.id desc limit ${input.limit + 1}`,
    );
    const items = rows.slice(0, input.limit).map(toItem);
    const goOnAt = rows.length > input.limit ? items.at(-1)?.id : reach.lastSeen;
    return { items, nextCursor: goOnAt ? encodeCursor([goOnAt]) : null };
  });
}

/** How a filter is found without reading the whole table. `lastSeen`: where a bounded look ends before the table does. */
async function reachOf(
  tx: Tx,
  own: SQL,
  input: ListEventsInput,
): Promise<{ conditions: SQL[]; lastSeen: string | null }> {
  if (input.status === 'pending' || input.status === 'processing')
    return { conditions: [aboveLowWater(await readLowWaters(tx))], lastSeen: null };
  const isIndexed = input.status === 'failed' || (input.search && isUuid(input.search));
  const isBare = !input.status && !input.key && !input.type && !input.search;
  if (isIndexed || isBare) return { conditions: [], lastSeen: null };
  const [edge] = await query<{ id: string }>(
    tx,
    sql`select e.id from outbox_events e where ${own} order by e.id desc offset ${LIST_MAX_SCAN - 1} limit 1`,
  );
  return edge ? { conditions: [sql`e.id >= ${edge.id}`], lastSeen: edge.id } : { conditions: [], lastSeen: null };
}

/** @throws ServiceError EVENT_NOT_FOUND */
export function getEvent(ctx: Ctx, input: { id: string }): Promise<z.infer<typeof EventDetail>> {
  return withTransaction(ctx, async (tx) => {
    const [row] = await query<Row & Pick<z.infer<typeof EventDetail>, 'payload' | 'headers' | 'lane'>>(
      tx,
      sql`select ${ITEM_COLUMNS}, e.payload, e.headers, e.lane from outbox_events e
        where e.tenant_id = ${ctx.tenant.id} and e.id = ${input.id}`,
    );
    if (!row) throw new ServiceError('EVENT_NOT_FOUND', `no outbox event ${input.id}`);
    return { ...toItem(row), payload: row.payload, headers: row.headers, lane: row.lane };
  });
}

function cursorId(cursor: string): string {
  const [id = ''] = decodeCursor(cursor, 1);
  if (isUuid(id)) return id;
  throw new ServiceError('INPUT_INVALID', 'cursor is not one this list gave out; leave it away to start from the top');
}

/** As they come from the database: instants in its own spelling. */
type Row = Item & Record<string, unknown>;

const ITEM_COLUMNS = sql`e.id, e.type, e.key, e.status, e.attempts, e.requeue_count as "requeueCount",
  e.payload_bytes as "payloadBytes", e.last_error as "lastError", e.error_id as "errorId", e.available_at as "availableAt",
  e.created_at as "createdAt", e.updated_at as "updatedAt", e.published_at as "publishedAt", e.failed_at as "failedAt"`;

function toItem(row: Row): Item {
  const { id, type, key, status, attempts, requeueCount, payloadBytes, lastError, errorId } = row;
  const instant = (text: string) => new Date(text).toISOString();
  return {
    ...{ id, type, key, status, attempts, requeueCount, payloadBytes, lastError, errorId },
    availableAt: instant(row.availableAt),
    createdAt: instant(row.createdAt),
    updatedAt: instant(row.updatedAt),
    publishedAt: row.publishedAt && instant(row.publishedAt),
    failedAt: row.failedAt && instant(row.failedAt),
  };
}
