import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { logError, messageOf, query, ServiceError, scrub, storableText, transaction } from '#server/lib/index.ts';
import type { Counts, JobContext, TenantOutcome } from './definition.ts';

export type JobTenant = { id: string; slug: string; name: string; isActive: boolean };

/** All tenants, suspended ones too, by slug. As the worker: the app's role may not ask. */
export function listJobTenants(pool: Pool): Promise<JobTenant[]> {
  return transaction(pool, {}, (tx) =>
    query<JobTenant>(tx, sql`select id, slug, name, is_active as "isActive" from cron_tenants() order by slug`),
  );
}

/**
 * What a job did for one tenant. `errors` are those it bore and went on after; it throws for those it could not, or,
 * to have what it counted before kept, returns them with `isFailed`.
 */
export type TenantWork = { counts?: Counts; errors?: string[]; isFailed?: boolean };

/**
 * Does `work` for one tenant after the other. One that throws is logged, reported and left; the others are done.
 * `detail` is what `work` returned, null where it threw. `inOrder` says who comes first where a run may not reach all.
 * @throws the signal's reason when the run is to end: tenants not reached are the next run's.
 */
export async function forEachTenant<T extends TenantWork | Record<string, unknown>>(
  ctx: JobContext,
  work: (tenant: JobTenant) => Promise<T>,
  options: { activeOnly?: boolean; inOrder?: (tenants: JobTenant[]) => Promise<JobTenant[]> } = {},
): Promise<(TenantOutcome & { detail: T | null })[]> {
  const bySlug = await listJobTenants(ctx.pool);
  const tenants = (await options.inOrder?.(bySlug)) ?? bySlug;
  const outcomes: (TenantOutcome & { detail: T | null })[] = [];
  for (const tenant of tenants) {
    if (options.activeOnly && !tenant.isActive) continue;
    ctx.signal.throwIfAborted();
    const who = { tenantId: tenant.id, tenant: tenant.slug };
    try {
      const detail = await work(tenant);
      const { isFailed = false, counts = {}, errors = [] } = detail as TenantWork;
      outcomes.push({ ...who, ok: !isFailed, counts, errors, detail });
    } catch (error) {
      ctx.signal.throwIfAborted();
      if (error instanceof ServiceError && error.code === 'JOB_LEASE_LOST') throw error;
      const errorId = logError(ctx.log, error, 'a cron job failed for a tenant', who);
      outcomes.push({ ...who, ok: false, counts: {}, errors: [errorText(error, errorId)], detail: null });
    }
  }
  return outcomes;
}

/** How an error is kept in cron_runs and told to operators: what the database or the program said, and its id. */
export function errorText(error: unknown, errorId: string): string {
  return `${storableText(scrub(reasonOf(error)), 500)} (errorId ${errorId})`;
}

/** Never with the values of a statement: they may be anybody's data. The log has the rest under the error's id. */
function reasonOf(error: unknown): string {
  let reason = error;
  while (!(reason instanceof ServiceError) && reason instanceof Error && reason.cause instanceof Error)
    reason = reason.cause;
  if (!(reason instanceof Error)) return messageOf(reason);
  // drizzle's own message is the statement with its parameters.
  if (reason.message.startsWith('Failed query:')) return 'a statement failed';
  // Data exceptions quote the value: invalid input syntax for type integer: "…".
  const isOfData = 'code' in reason && typeof reason.code === 'string' && /^22[0-9A-Z]{3}$/.test(reason.code);
  return isOfData ? reason.message.replaceAll(/"[^"]*"?/g, '"…"') : messageOf(reason);
}
