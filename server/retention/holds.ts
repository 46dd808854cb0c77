import { and, desc, eq, isNotNull, isNull, lt, type SQL, sql } from '#db/drizzle.ts';
import { CLASS_TABLES, DATA_CLASSES, type DataClass, retentionHolds } from '#db/schema/index.ts';
import { recordAudit } from '#server/audit/index.ts';
import { decodeCursor, isUuid, queryOne, ServiceError, type Tx, toPage, withTransaction } from '#server/lib/index.ts';
import { actorName, type Ctx } from '#server/tenancy/index.ts';
import { isOfSubject, sqlOf } from './classes.ts';
import { lockRetention } from './plan.ts';
import type { Hold, ListHoldsInput, PlacedHold, PlaceHoldInput } from './schemas.ts';
import { hashSubject } from './subject.ts';

/** Covered rows are counted up to here: counting millions would hold the lock for as long. */
const COUNTED_ROWS = 10_000;

/** Holds of the tenant, newest first. */
export async function listHolds(
  ctx: Ctx,
  input: ListHoldsInput,
): Promise<{ items: Hold[]; nextCursor: string | null }> {
  const [before] = input.cursor === undefined ? [] : decodeCursor(input.cursor, 1);
  if (before !== undefined && !isUuid(before))
    throw new ServiceError(
      'INPUT_INVALID',
      'cursor is not one this list gave out; leave it away to start from the top',
    );
  const rows = await withTransaction(ctx, (tx) =>
    tx
      .select()
      .from(retentionHolds)
      .where(
        and(
          eq(retentionHolds.tenantId, ctx.tenant.id),
          input.state === 'active' ? isNull(retentionHolds.releasedAt) : undefined,
          input.state === 'released' ? isNotNull(retentionHolds.releasedAt) : undefined,
          input.customerId === undefined ? undefined : eq(retentionHolds.customerId, input.customerId),
          before === undefined ? undefined : lt(retentionHolds.id, before),
        ),
      )
      .orderBy(desc(retentionHolds.id))
      .limit(input.limit + 1),
  );
  const page = toPage(rows, input.limit, (row) => [row.id]);
  return { items: page.items.map(toHold), nextCursor: page.nextCursor };
}

/**
 * Keeps a class, or everything of one subject, from every deletion until it is released. What its answer says to be
 * covered cannot be gone: purges delete under the same lock and look for holds after they have it.
 * @throws ServiceError RETENTION_SUBJECT_NOT_FOUND when nothing of the subject is stored and `acceptEmpty` is not set
 */
export function placeHold(ctx: Ctx, input: PlaceHoldInput): Promise<PlacedHold> {
  return withTransaction(ctx, async (tx) => {
    await lockRetention(tx, ctx.tenant.id);
    const covered = await countCovered(tx, ctx.tenant.id, input);
    if (input.kind === 'subject' && !input.acceptEmpty && covered.every(({ rows }) => rows === 0))
      throw new ServiceError(
        'RETENTION_SUBJECT_NOT_FOUND',
        `nothing is stored of customer "${input.customerId}"; check the spelling, or send acceptEmpty to hold what comes`,
      );
    const [row] = await tx
      .insert(retentionHolds)
      .values({
        tenantId: ctx.tenant.id,
        ...(input.kind === 'class' ? { dataClass: input.dataClass } : { customerId: input.customerId }),
        reason: input.reason,
        placedBy: actorName(ctx.actor),
      })
      .returning();
    const hold = toHold(row!);
    await recordAudit(tx, ctx, {
      action: 'retention.hold',
      targetKind: 'retention_hold',
      targetId: hold.id,
      after: await withoutSubject(tx, ctx.tenant.id, hold),
      details: { covered },
    });
    return { ...hold, covered };
  });
}

/**
 * Ends a hold; others on the same class or subject stay.
 * @throws ServiceError RETENTION_HOLD_NOT_FOUND, RETENTION_HOLD_RELEASED
 */
export function releaseHold(ctx: Ctx, input: { id: string; reason: string }): Promise<Hold> {
  return withTransaction(ctx, async (tx) => {
    await lockRetention(tx, ctx.tenant.id);
    const isThis = and(eq(retentionHolds.tenantId, ctx.tenant.id), eq(retentionHolds.id, input.id));
    const [before] = await tx.select().from(retentionHolds).where(isThis);
    if (!before) throw new ServiceError('RETENTION_HOLD_NOT_FOUND', `no hold ${input.id}`);
    if (before.releasedAt)
      throw new ServiceError(
        'RETENTION_HOLD_RELEASED',
        `the hold was released by ${before.releasedBy} at ${before.releasedAt.toISOString()} already`,
      );
    const [after] = await tx
      .update(retentionHolds)
      .set({ releasedAt: sql`now()`, releasedBy: actorName(ctx.actor), releaseReason: input.reason })
      .where(isThis)
      .returning();
    const hold = toHold(after!);
    await recordAudit(tx, ctx, {
      action: 'retention.release',
      targetKind: 'retention_hold',
      targetId: hold.id,
      before: await withoutSubject(tx, ctx.tenant.id, toHold(before)),
      after: await withoutSubject(tx, ctx.tenant.id, hold),
    });
    return hold;
  });
}

/**
 * A hold as the audit log names it: no row there can be changed once its subject is to be erased. What it was is told by
 * the hold itself, which has its id.
 */
async function withoutSubject(tx: Tx, tenantId: string, { customerId, ...hold }: Hold): Promise<object> {
  if (customerId === null) return { ...hold, subjectHash: null };
  const { reason, releaseReason } = await queryOne<{ reason: string; releaseReason: string | null }>(
    tx,
    sql`select dsar_redact(${hold.reason}, ${customerId}) as reason,
      dsar_redact(${hold.releaseReason}::text, ${customerId}) as "releaseReason"`,
  );
  return { ...hold, reason, releaseReason, subjectHash: await hashSubject(tx, tenantId, customerId) };
}

async function countCovered(tx: Tx, tenantId: string, input: PlaceHoldInput): Promise<PlacedHold['covered']> {
  const classes: readonly DataClass[] = input.kind === 'class' ? [input.dataClass] : DATA_CLASSES;
  const covered: PlacedHold['covered'] = [];
  for (const dataClass of classes) {
    let rows = 0;
    for (const table of CLASS_TABLES[dataClass]) {
      const isCovered: SQL = input.kind === 'class' ? sql`true` : isOfSubject(table, input.customerId);
      const counted = await queryOne<{ rows: number }>(
        tx,
        sql`select count(*)::int as rows from (select from ${sqlOf(table)} r
          where r.tenant_id = ${tenantId} and ${isCovered} limit ${COUNTED_ROWS + 1}) c`,
      );
      rows += counted.rows;
    }
    covered.push({ dataClass, rows: Math.min(rows, COUNTED_ROWS), isMore: rows > COUNTED_ROWS });
  }
  return covered;
}

function toHold(row: typeof retentionHolds.$inferSelect): Hold {
  return {
    id: row.id,
    kind: row.dataClass === null ? 'subject' : 'class',
    dataClass: row.dataClass,
    customerId: row.customerId,
    reason: row.reason,
    placedBy: row.placedBy,
    placedAt: row.placedAt.toISOString(),
    releaseReason: row.releaseReason,
    releasedBy: row.releasedBy,
    releasedAt: row.releasedAt?.toISOString() ?? null,
  };
}
