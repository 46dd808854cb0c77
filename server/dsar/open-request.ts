// Beginning and stopping: under which conditions a request is worked on at all.
import { and, eq, sql } from '#db/drizzle.ts';
import { type DsarRefusal, dsarRequests } from '#db/schema/index.ts';
import { recordAudit } from '#server/audit/index.ts';
import type { JobTenant } from '#server/jobs/index.ts';
import { query, queryOne, type Tx } from '#server/lib/index.ts';
import { findHoldOn, type HoldInForce, lockRetention } from '#server/retention/index.ts';
import { type DsarDeps, inTenant, systemCtx } from './deps.ts';
import { isOpen } from './states.ts';

export type DsarRow = typeof dsarRequests.$inferSelect;
/** A request that is being worked on names its subject. */
export type OpenRow = DsarRow & { customerId: string };
/**
 * `refused`: a hold. `waiting`: for something that another pass finds done. `unfinished`: its time is over, it goes on.
 * `gone`: it is not open any more.
 */
export type Outcome = 'completed' | 'refused' | 'waiting' | 'unfinished' | 'gone';
export type Opened = { request: OpenRow } | { outcome: Outcome };

export const isRequest = (tenantId: string, id: string) =>
  and(eq(dsarRequests.tenantId, tenantId), eq(dsarRequests.id, id));

/** The next go begins a pass anew. */
export const NOT_HANDED_ON = sql`progress || '{"isHandedOn": false}'`;

/** Sets a request running, or says why it cannot be. Takes the retention lock, which every hold is placed under. */
export function openRequest(deps: DsarDeps, tenant: JobTenant, id: string): Promise<Opened> {
  return inTenant(deps, tenant.id, async (tx) => {
    await lockRetention(tx, tenant.id);
    const request = await readOpen(tx, tenant.id, id);
    if (!request) return { outcome: 'gone' };
    if (request.kind === 'erase') {
      const hold = await findHoldOn(tx, tenant.id, request.customerId);
      if (hold) return refuse(tx, deps, tenant, request, hold);
      if (await hasOpenAccess(tx, request)) return waits(tx, request, 'the subject’s access request comes first');
    }
    const [running] = await tx
      .update(dsarRequests)
      .set({
        ...{ state: 'running', refusal: null, error: null, runRequestedAt: null },
        startedAt: sql`coalesce(started_at, now())`,
        attempts: sql`attempts + 1`,
        // Whatever ends this go, only its own time being over hands its pass on.
        progress: NOT_HANDED_ON,
      })
      .where(isRequest(tenant.id, id))
      .returning();
    return { request: { ...(running as OpenRow), progress: request.progress } };
  });
}

/** The request when it is open, locked; null when it has been carried out or cancelled meanwhile. */
async function readOpen(tx: Tx, tenantId: string, id: string): Promise<OpenRow | null> {
  const [row] = await tx.select().from(dsarRequests).where(isRequest(tenantId, id)).for('update');
  return row && isOpen(row.state) && row.customerId !== null ? (row as OpenRow) : null;
}

/**
 * A step of an erasure, under the lock that holds are placed under: it is done only while no hold lies on the subject.
 * What a hold's answer says to be covered is never gone.
 */
export function erasureStep<T>(
  deps: DsarDeps,
  tenant: JobTenant,
  id: string,
  work: (tx: Tx, request: OpenRow) => Promise<T>,
): Promise<{ done: T } | { outcome: Outcome }> {
  return inTenant(deps, tenant.id, async (tx) => {
    await lockRetention(tx, tenant.id);
    const request = await readOpen(tx, tenant.id, id);
    if (request?.state !== 'running') return { outcome: 'gone' };
    const hold = await findHoldOn(tx, tenant.id, request.customerId);
    if (hold) return refuse(tx, deps, tenant, request, hold);
    return { done: await work(tx, request) };
  });
}

async function refuse(
  tx: Tx,
  deps: DsarDeps,
  tenant: JobTenant,
  request: OpenRow,
  hold: HoldInForce,
): Promise<{ outcome: Outcome }> {
  const { now } = await queryOne<{ now: string }>(tx, sql`select date_trunc('milliseconds', now()) as now`);
  const refusal: DsarRefusal = { ...hold, at: new Date(now).toISOString() };
  const isNews = request.state !== 'refused' || request.refusal?.holdId !== hold.holdId;
  await tx
    .update(dsarRequests)
    .set({
      state: 'refused',
      runRequestedAt: null,
      error: null,
      progress: NOT_HANDED_ON,
      ...(isNews ? { refusal } : {}),
    })
    .where(isRequest(tenant.id, request.id));
  // Told once for each hold, however often it is tried. The hold's reason may name the subject: the hold has it.
  if (isNews)
    await recordAudit(tx, systemCtx(deps, tenant, request.id), {
      action: 'dsar.refuse',
      targetKind: 'dsar_request',
      targetId: request.id,
      details: { kind: request.kind, subjectHash: request.subjectHash, holdId: hold.holdId, what: hold.what },
    });
  return { outcome: 'refused' };
}

async function hasOpenAccess(tx: Tx, { tenantId, subjectHash }: OpenRow): Promise<boolean> {
  const open = await query(
    tx,
    sql`select 1 as one from dsar_requests where tenant_id = ${tenantId} and subject_hash = ${subjectHash}
      and kind = 'access' and state in ('waiting', 'running', 'failed')`,
  );
  return open.length > 0;
}

/** Leaves a request open for the next pass, with the reason. */
export async function waits(tx: Tx, request: DsarRow, why: string): Promise<{ outcome: Outcome }> {
  await tx
    .update(dsarRequests)
    .set({ state: 'waiting', runRequestedAt: null, progress: NOT_HANDED_ON, error: why })
    .where(isRequest(request.tenantId, request.id));
  return { outcome: 'waiting' };
}
