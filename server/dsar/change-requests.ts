import { sql } from '#db/drizzle.ts';
import { type DsarState, dsarRequests } from '#db/schema/index.ts';
import { recordAudit } from '#server/audit/index.ts';
import { askForRun } from '#server/jobs/index.ts';
import { query, queryOne, ServiceError, type Tx, withTransaction } from '#server/lib/index.ts';
import { hashSubject, readRequestDueDays } from '#server/retention/index.ts';
import { actorName, type Ctx } from '#server/tenancy/index.ts';
import { LAST_DUE_DAYS, REQUESTS_RUN } from './config.ts';
import { forgetName } from './forget-name.ts';
import { INVENTORY } from './inventory.ts';
import { isOwn, tableOf } from './match.ts';
import { type DsarRow, isRequest } from './open-request.ts';
import { getRequest } from './read-requests.ts';
import type { CreateDsarInput, DsarRequest } from './schemas.ts';
import { mayMove } from './states.ts';

/**
 * Takes a subject's request. The audit row has the subject's hash, because no row of that log can be erased.
 * @throws ServiceError DSAR_SUBJECT_NOT_FOUND, DSAR_OPEN, INPUT_INVALID for a date that is none to be due at
 */
export function createRequest(ctx: Ctx, input: CreateDsarInput): Promise<DsarRequest> {
  return withTransaction(ctx, async (tx) => {
    const { customerId, kind, note } = input;
    const tenantId = ctx.tenant.id;
    const dueAt = await dueDate(tx, tenantId, input.dueAt);
    if (!input.acceptEmpty && !(await isKnown(tx, tenantId, customerId)))
      throw new ServiceError(
        'DSAR_SUBJECT_NOT_FOUND',
        `nothing is stored of customer "${customerId}"; check the spelling, or send acceptEmpty to take the request`,
      );
    const subjectHash = await hashSubject(tx, tenantId, customerId);
    const [made] = await tx
      .insert(dsarRequests)
      .values({ tenantId, kind, customerId, subjectHash, note, dueAt, createdBy: actorName(ctx.actor) })
      .onConflictDoNothing()
      .returning({ id: dsarRequests.id });
    if (!made) throw await alreadyOpen(tx, tenantId, subjectHash, kind);
    await recordAudit(tx, ctx, {
      action: 'dsar.create',
      targetKind: 'dsar_request',
      targetId: made.id,
      details: { kind, subjectHash, dueAt: dueAt.toISOString() },
    });
    return getRequest({ ...ctx, tx }, { id: made.id });
  });
}

async function dueDate(tx: Tx, tenantId: string, given: string | undefined): Promise<Date> {
  const days = await readRequestDueDays(tx, tenantId);
  const limits = await queryOne<{ now: string; usual: string; last: string }>(
    tx,
    sql`select date_trunc('milliseconds', now()) as now, date_trunc('milliseconds', now()) + make_interval(days => ${days}::int) as usual,
      date_trunc('milliseconds', now()) + make_interval(days => ${LAST_DUE_DAYS}) as last`,
  );
  if (given === undefined) return new Date(limits.usual);
  const dueAt = new Date(given);
  if (dueAt < new Date(limits.now) || dueAt > new Date(limits.last))
    throw new ServiceError(
      'INPUT_INVALID',
      `dueAt: ${given} is not within the ${LAST_DUE_DAYS} days from now; a request is to be answered within a month, or three where it is complex`,
    );
  return dueAt;
}

/** Whether any store that knows its rows' owner has one of the subject. */
async function isKnown(tx: Tx, tenantId: string, customerId: string): Promise<boolean> {
  for (const store of INVENTORY) {
    // Events are not found by their key without going over all of them, and tell of what the other stores have.
    if (!store.own || store.table === 'outbox_events') continue;
    const found = await query(
      tx,
      sql`select 1 as one from ${tableOf(store)} r where r.tenant_id = ${tenantId} and ${isOwn(store, { customerId })} limit 1`,
    );
    if (found.length > 0) return true;
  }
  return false;
}

async function alreadyOpen(tx: Tx, tenantId: string, subjectHash: string, kind: string): Promise<ServiceError> {
  const [open] = await query<{ id: string }>(
    tx,
    sql`select id from dsar_requests where tenant_id = ${tenantId} and subject_hash = ${subjectHash} and kind = ${kind}
      and state in ('waiting', 'running', 'refused', 'failed')`,
  );
  return new ServiceError(
    'DSAR_OPEN',
    `the subject has the open ${kind} request ${open?.id ?? ''}; wait for it or cancel it`,
  );
}

/**
 * Has a request carried out by a worker within some seconds, before it is due. One that a hold refuses is tried again.
 * @throws ServiceError DSAR_NOT_FOUND, DSAR_STATE
 */
export function runRequest(ctx: Ctx, { id }: { id: string }): Promise<DsarRequest> {
  return withTransaction(ctx, async (tx) => {
    const request = await lockRequest(tx, ctx, id);
    // One that runs already may have been left by its process: the worker takes it up again.
    if (request.state !== 'running') requireMove(request, 'running', 'carried out');
    await tx.update(dsarRequests).set({ runRequestedAt: sql`now()` }).where(isRequest(ctx.tenant.id, id));
    await askForRun(tx, { ...REQUESTS_RUN, requestedBy: actorName(ctx.actor) });
    await recordAudit(tx, ctx, {
      action: 'dsar.run',
      targetKind: 'dsar_request',
      targetId: id,
      details: { kind: request.kind, subjectHash: request.subjectHash },
    });
    return getRequest({ ...ctx, tx }, { id });
  });
}

/**
 * Ends a request that is not being carried out; what an erasure has erased by then stays erased.
 * @throws ServiceError DSAR_NOT_FOUND, DSAR_STATE
 */
export function cancelRequest(ctx: Ctx, { id, reason }: { id: string; reason: string }): Promise<DsarRequest> {
  return withTransaction(ctx, async (tx) => {
    const request = await lockRequest(tx, ctx, id);
    requireMove(request, 'cancelled', 'cancelled');
    await tx
      .update(dsarRequests)
      .set({ state: 'cancelled', finishedAt: sql`now()`, runRequestedAt: null, progress: null, error: reason })
      .where(isRequest(ctx.tenant.id, id));
    await forgetName(tx, request);
    await recordAudit(tx, ctx, {
      action: 'dsar.cancel',
      targetKind: 'dsar_request',
      targetId: id,
      details: { kind: request.kind, subjectHash: request.subjectHash, from: request.state },
    });
    return getRequest({ ...ctx, tx }, { id });
  });
}

/** @throws ServiceError DSAR_NOT_FOUND */
export async function lockRequest(tx: Tx, ctx: Ctx, id: string): Promise<DsarRow> {
  const [row] = await tx.select().from(dsarRequests).where(isRequest(ctx.tenant.id, id)).for('update');
  if (!row) throw new ServiceError('DSAR_NOT_FOUND', `no data request ${id}`);
  return row;
}

function requireMove({ id, state }: DsarRow, to: DsarState, verb: string): void {
  if (!mayMove(state, to)) throw new ServiceError('DSAR_STATE', `request ${id} is ${state}: it cannot be ${verb}`);
}
