import { type SQL, sql } from '#db/drizzle.ts';
import { queryOne, ServiceError, type Tx } from '#server/lib/index.ts';
import { DEFAULT_QUOTAS, QUOTAS, type Quota } from './config.ts';

const COLUMNS: Record<Quota, string> = {
  pipelines: 'max_pipelines',
  schedules: 'max_schedules',
  queuedRuns: 'max_queued_runs',
};

const counts = (tenantId: string): Record<Quota, SQL> => ({
  pipelines: sql`select count(*)::int from pipelines where tenant_id = ${tenantId} and archived_at is null`,
  schedules: sql`select count(*)::int from schedules where tenant_id = ${tenantId} and enabled`,
  queuedRuns: sql`select count(*)::int from run_queue where tenant_id = ${tenantId}`,
});

const WORDS: Record<Quota, string> = {
  pipelines: 'pipelines',
  schedules: 'schedules',
  queuedRuns: 'runs that wait or run',
};

export type Usage = Record<Quota, { used: number; limit: number }>;

/** Counts what the tenant has of each. The transaction must be the tenant's. */
export async function readUsage(tx: Tx, tenantId: string): Promise<Usage> {
  const usage = {} as Usage;
  for (const quota of QUOTAS) usage[quota] = await readOne(tx, tenantId, quota);
  return usage;
}

function readOne(tx: Tx, tenantId: string, quota: Quota): Promise<{ used: number; limit: number }> {
  const own = sql`(select ${sql.identifier(COLUMNS[quota])} from tenant_limits where tenant_id = ${tenantId})`;
  return queryOne<{ used: number; limit: number }>(
    tx,
    sql`select (${counts(tenantId)[quota]}) as used, coalesce(${own}, ${DEFAULT_QUOTAS[quota]}::int) as "limit"`,
  );
}

/** "mslq". */
const QUOTA_LOCK = 0x6d736c71;

/** So close to its limit a quota is counted one caller at a time. */
const NEAR = 50;

/**
 * Refuses one more when the tenant has as many as it may. Near the limit callers are counted one after the other, so
 * that two at once do not both take the last place; far from it nobody waits for anybody. Runs, of which there are
 * many, are never made to wait.
 * @throws ServiceError QUOTA_EXCEEDED; details has `quota`, `used` and `limit`
 */
export async function requireQuota(tx: Tx, tenantId: string, quota: Quota): Promise<void> {
  let { used, limit } = await readOne(tx, tenantId, quota);
  if (used + NEAR < limit) return;
  if (quota !== 'queuedRuns') {
    await tx.execute(sql`select pg_advisory_xact_lock(${QUOTA_LOCK}::int, hashtext(${`${tenantId} ${quota}`}))`);
    ({ used, limit } = await readOne(tx, tenantId, quota));
  }
  if (used < limit) return;
  throw new ServiceError(
    'QUOTA_EXCEEDED',
    `this tenant has ${used} ${WORDS[quota]} and may have ${limit}; remove some, or ask the operator of this installation`,
    { quota, used, limit },
  );
}
