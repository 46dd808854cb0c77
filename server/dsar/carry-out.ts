// The part of the daily cleanup that is about requests: which are carried out now, and what becomes of one that fails.
import { sql } from '#db/drizzle.ts';
import { type DsarKind, dsarRequests } from '#db/schema/index.ts';
import { recordAudit } from '#server/audit/index.ts';
import { askForRun, errorText, type JobTenant } from '#server/jobs/index.ts';
import { logError, query, ServiceError, transaction } from '#server/lib/index.ts';
import { DUE_AHEAD_HOURS, REQUESTS_RUN } from './config.ts';
import { type DsarDeps, inTenant, systemCtx } from './deps.ts';
import { eraseSubject } from './erase.ts';
import { giveAccess } from './give.ts';
import { isRequest, NOT_HANDED_ON, type Outcome } from './open-request.ts';
import { pruneBundles } from './prune-bundles.ts';

export type CarriedOut = {
  counts: { dsarCompleted: number; dsarRefused: number; dsarWaiting: number; dsarBundles: number };
  errors: string[];
  /** Time was over before all were through. */
  isUnfinished: boolean;
};

type Due = { id: string; kind: DsarKind };

/**
 * Carries out a tenant's requests: those asked for, those begun, refused ones whose hold may be released by now, access
 * requests, and erasures that are due before another cleanup is sure to have come. One that fails keeps none back.
 */
export async function carryOutRequests(deps: DsarDeps, tenant: JobTenant): Promise<CarriedOut> {
  const counts = { dsarCompleted: 0, dsarRefused: 0, dsarWaiting: 0, dsarBundles: 0 };
  const errors: string[] = [];
  let isUnfinished = false;
  for (const due of await listDue(deps, tenant.id)) {
    deps.signal.throwIfAborted();
    if (deps.isOver?.()) return { counts, errors, isUnfinished: true };
    const outcome = await carryOut(deps, tenant, due, errors);
    if (outcome === 'completed') counts.dsarCompleted += 1;
    if (outcome === 'refused') counts.dsarRefused += 1;
    if (outcome === 'waiting') counts.dsarWaiting += 1;
    isUnfinished ||= outcome === 'unfinished';
  }
  try {
    counts.dsarBundles = await pruneBundles(deps, tenant.id);
  } catch (error) {
    deps.signal.throwIfAborted();
    errors.push(errorText(error, logError(deps.log, error, 'expired bundles could not be deleted')));
  }
  return { counts, errors, isUnfinished };
}

const listDue = ({ pool, isGoOn = false }: DsarDeps, tenantId: string): Promise<Due[]> =>
  transaction(pool, { tenantId }, (tx) =>
    query<Due>(
      tx,
      sql`select id, kind from dsar_requests where tenant_id = ${tenantId}
          and state in ('waiting', 'running', 'refused', 'failed')
          and (state <> 'failed' or run_requested_at is not null or not ${isGoOn})
          and (kind = 'access' or run_requested_at is not null or started_at is not null or state = 'refused'
            or due_at < now() + make_interval(hours => ${DUE_AHEAD_HOURS}))
        order by kind = 'erase', state <> 'running', state = 'failed', run_requested_at nulls last, due_at, id`,
    ),
  );

async function carryOut(deps: DsarDeps, tenant: JobTenant, due: Due, errors: string[]): Promise<Outcome | 'failed'> {
  try {
    return await (due.kind === 'access' ? giveAccess : eraseSubject)(deps, tenant, due.id);
  } catch (error) {
    deps.signal.throwIfAborted();
    if (error instanceof ServiceError && error.code === 'JOB_LEASE_LOST') throw error;
    const told = errorText(error, logError(deps.log, error, 'a data request failed', { dsarId: due.id }));
    errors.push(`request ${due.id}: ${await keepFailure(deps, tenant, due, told)}`);
    return 'failed';
  }
}

/** The next cleanup tries again. Returns the text without the subject. */
const keepFailure = (deps: DsarDeps, tenant: JobTenant, { id, kind }: Due, told: string): Promise<string> =>
  inTenant(deps, tenant.id, async (tx) => {
    const [row] = await tx
      .update(dsarRequests)
      .set({
        state: 'failed',
        runRequestedAt: null,
        progress: NOT_HANDED_ON,
        error: sql`dsar_redact(${told}, customer_id)`,
      })
      .where(sql`${isRequest(tenant.id, id)} and state in ('waiting', 'running', 'refused', 'failed')`)
      .returning();
    if (!row) return 'it was ended meanwhile';
    await recordAudit(tx, systemCtx(deps, tenant, id), {
      action: 'dsar.fail',
      targetKind: 'dsar_request',
      targetId: id,
      details: { kind, subjectHash: row.subjectHash, attempts: row.attempts },
    });
    return row.error ?? '';
  });

/** Asks the workers for another run of the cleanup that does this part only. */
export const requestGoOn = (deps: DsarDeps): Promise<void> =>
  transaction(deps.pool, {}, (tx) => askForRun(tx, { ...REQUESTS_RUN, requestedBy: 'system:dsar' }));
