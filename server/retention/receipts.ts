// A receipt says what one purge deleted. Its hash covers what it says and the hash of the tenant's receipt before it.
import { createHash } from 'node:crypto';
import { and, desc, eq, lt } from '#db/drizzle.ts';
import { retentionPurges } from '#db/schema/index.ts';
import { decodeCursor, isUuid, ServiceError, toPage, withTransaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import type { ListReceiptsInput, Receipt } from './schemas.ts';

export type PurgeRow = typeof retentionPurges.$inferSelect;

/**
 * SHA-256, in hex, of these fields as JSON in this order; instants are ISO 8601 in UTC with milliseconds. Anybody who
 * has the receipts of a tenant can compute it again.
 */
export function receiptHash(tenantId: string, receipt: Omit<Receipt, 'hash'>): string {
  const { id, mode, retentionDays, plan, decisionTraces, interactionHistory, aiAttachments } = receipt;
  const { blobsAttempted, blobsDeleted, errors, startedAt, finishedAt, resumptions, previousHash } = receipt;
  const classes = [plan.decision_traces, plan.interaction_history, plan.ai_attachments].map((one) =>
    one === undefined ? null : one.days === null ? { isHeld: one.isHeld } : { days: one.days, cutoffAt: one.cutoffAt },
  );
  const said = [
    ...[tenantId, id, mode, retentionDays, classes, decisionTraces, interactionHistory, aiAttachments],
    ...[blobsAttempted, blobsDeleted, errors, startedAt, finishedAt, resumptions, previousHash],
  ];
  return createHash('sha256').update(JSON.stringify(said)).digest('hex');
}

/** Purges of the tenant, newest first, the one that goes on included. */
export async function listReceipts(ctx: Ctx, input: ListReceiptsInput) {
  const [before] = input.cursor === undefined ? [] : decodeCursor(input.cursor, 1);
  if (before !== undefined && !isUuid(before))
    throw new ServiceError(
      'INPUT_INVALID',
      'cursor is not one this list gave out; leave it away to start from the top',
    );
  const rows = await withTransaction(ctx, (tx) =>
    tx
      .select()
      .from(retentionPurges)
      .where(
        and(
          eq(retentionPurges.tenantId, ctx.tenant.id),
          before === undefined ? undefined : lt(retentionPurges.id, before),
        ),
      )
      .orderBy(desc(retentionPurges.id))
      .limit(input.limit + 1),
  );
  const page = toPage(rows, input.limit, (row) => [row.id]);
  return { items: page.items.map(toReceipt), nextCursor: page.nextCursor };
}

export function toReceipt(row: PurgeRow): Receipt {
  const { tenantId: _tenant, positions: _positions, takenUpAt: _takenUpAt, ...receipt } = row;
  return {
    ...receipt,
    startedAt: row.startedAt.toISOString(),
    finishedAt: row.finishedAt?.toISOString() ?? null,
  };
}
