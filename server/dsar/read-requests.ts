import { and, desc, eq, inArray, lt, notInArray, sql } from '#db/drizzle.ts';
import { type DsarState, dsarBundles, dsarRequests } from '#db/schema/index.ts';
import { decodeCursor, isUuid, ServiceError, type Tx, toPage, withTransaction } from '#server/lib/index.ts';
import { hashSubject } from '#server/retention/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { INVENTORY } from './inventory.ts';
import type { DsarRequest, ListDsarInput } from './schemas.ts';

const ENDED: DsarState[] = ['completed', 'cancelled'];

/** Requests of the tenant, newest first. */
export function listRequests(
  ctx: Ctx,
  input: ListDsarInput,
): Promise<{ items: DsarRequest[]; nextCursor: string | null }> {
  const [before] = input.cursor === undefined ? [] : decodeCursor(input.cursor, 1);
  if (before !== undefined && !isUuid(before))
    throw new ServiceError(
      'INPUT_INVALID',
      'cursor is not one this list gave out; leave it away to start from the top',
    );
  return withTransaction(ctx, async (tx) => {
    const hash = input.customerId === undefined ? undefined : await hashSubject(tx, ctx.tenant.id, input.customerId);
    const rows = await selectRequests(tx)
      .where(
        and(
          eq(dsarRequests.tenantId, ctx.tenant.id),
          input.state === 'open' ? notInArray(dsarRequests.state, ENDED) : undefined,
          input.state === 'closed' ? inArray(dsarRequests.state, ENDED) : undefined,
          input.kind === undefined ? undefined : eq(dsarRequests.kind, input.kind),
          hash === undefined ? undefined : eq(dsarRequests.subjectHash, hash),
          before === undefined ? undefined : lt(dsarRequests.id, before),
        ),
      )
      .orderBy(desc(dsarRequests.id))
      .limit(input.limit + 1);
    return toPage(rows.map(toRequest), input.limit, (row) => [row.id]);
  });
}

/** @throws ServiceError DSAR_NOT_FOUND */
export function getRequest(ctx: Ctx, { id }: { id: string }): Promise<DsarRequest> {
  return withTransaction(ctx, async (tx) => {
    const [row] = await selectRequests(tx).where(
      and(eq(dsarRequests.tenantId, ctx.tenant.id), eq(dsarRequests.id, id)),
    );
    if (!row) throw new ServiceError('DSAR_NOT_FOUND', `no data request ${id}`);
    return toRequest(row);
  });
}

const selectRequests = (tx: Tx) =>
  tx
    .select({
      request: dsarRequests,
      bundle: dsarBundles,
      isOverdue: sql<boolean>`${notInArray(dsarRequests.state, ENDED)} and ${dsarRequests.dueAt} < now()`,
      isGone: sql<boolean>`coalesce(${dsarBundles.deletedAt} is not null or ${dsarBundles.expiresAt} <= now(), false)`,
    })
    .from(dsarRequests)
    .leftJoin(
      dsarBundles,
      and(
        eq(dsarBundles.tenantId, dsarRequests.tenantId),
        eq(dsarBundles.requestId, dsarRequests.id),
        eq(dsarBundles.isWriting, false),
      ),
    );

type Row = Awaited<ReturnType<typeof selectRequests>>[number];
const iso = (at: Date | null) => at?.toISOString() ?? null;

function toRequest({ request, bundle, isOverdue, isGone }: Row): DsarRequest {
  const { tenantId: _tenant, runRequestedAt, progress, ...shown } = request;
  return {
    ...shown,
    ...{ dueAt: request.dueAt.toISOString(), createdAt: request.createdAt.toISOString() },
    ...{ startedAt: iso(request.startedAt), finishedAt: iso(request.finishedAt) },
    isOverdue,
    isRequested: runRequestedAt !== null,
    progress:
      progress === null || request.state !== 'running'
        ? null
        : { pass: progress.pass, store: progress.store, stores: INVENTORY.length },
    bundle:
      bundle === null
        ? null
        : {
            ...{ sizeBytes: bundle.sizeBytes, sha256: bundle.sha256, isGone, downloads: bundle.downloads },
            expiresAt: bundle.expiresAt.toISOString(),
            ...{ linkExpiresAt: iso(bundle.linkExpiresAt), lastDownloadAt: iso(bundle.lastDownloadAt) },
          },
  };
}
