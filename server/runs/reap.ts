import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { newId, query, transaction } from '#server/lib/index.ts';
import { LOST_RETRY_MAX_SECONDS, REAP_BATCH } from './config.ts';
import { leaseLosses } from './metrics.ts';
import { perTenant } from './switch-tenant.ts';
import { wakeRunners } from './wake.ts';

type Reaped = {
  runId: string;
  tenantId: string;
  attempt: number;
  status: 'queued' | 'failed' | 'cancelled';
  error: string;
};
export type ReapCounts = { retried: number; failed: number; cancelled: number };

/**
 * Takes runs from runners that stopped renewing their leases: back to the queue while attempts are left, else
 * failed; cancelled where that was asked for. One bounded pass; two at once share the work.
 */
export async function reapLostRuns(pool: Pool, options: { limit?: number } = {}): Promise<ReapCounts> {
  const reaped = await transaction(pool, {}, async (tx) => {
    const rows = await query<Omit<Reaped, 'error'>>(
      tx,
      sql`with expired as (
          select run_id, cancel_requested_at is not null as is_cancelled, attempt < max_attempts as has_more
          from run_queue where claimed_by is not null and lease_until < clock_timestamp()
          order by lease_until limit ${options.limit ?? REAP_BATCH}::int for update skip locked),
        retried as (
          update run_queue q set claimed_by = null, claimed_at = null, lease_until = null, progress = null,
            available_at = clock_timestamp() + make_interval(secs => least(${LOST_RETRY_MAX_SECONDS}::int, 2 ^ least(q.attempt - 1, 10)))
          from expired e where q.run_id = e.run_id and e.has_more and not e.is_cancelled
          returning q.run_id, q.tenant_id, q.attempt, 'queued' as status),
        ended as (
          delete from run_queue q using expired e where q.run_id = e.run_id and (e.is_cancelled or not e.has_more)
          returning q.run_id, q.tenant_id, q.attempt, case when e.is_cancelled then 'cancelled' else 'failed' end as status)
        select run_id as "runId", tenant_id as "tenantId", attempt, status from (select * from retried union all select * from ended) r`,
    );
    const withError = rows.map((row) => ({ ...row, error: lostError(row) }));
    await perTenant(tx, withError, async (own, tenantId) => {
      const lost = JSON.stringify(own);
      await tx.execute(sql`update runs r set status = l.status, error = l.error::jsonb,
          finished_at = case when l.status <> 'queued' then clock_timestamp() end
        from jsonb_to_recordset(${lost}::jsonb) as l("runId" uuid, status text, error text)
        where r.tenant_id = ${tenantId} and r.id = l."runId"`);
      await tx.execute(sql`update run_attempts a set status = 'lost', finished_at = clock_timestamp(), error = l.error::jsonb
        from jsonb_to_recordset(${lost}::jsonb) as l("runId" uuid, attempt int, error text)
        where a.tenant_id = ${tenantId} and a.run_id = l."runId" and a.attempt = l.attempt and a.status = 'running'`);
    });
    return rows;
  });
  const count = (status: Reaped['status']) => reaped.filter((row) => row.status === status).length;
  leaseLosses.labels('reaper').inc(reaped.length);
  if (count('queued') > 0) wakeRunners();
  return { retried: count('queued'), failed: count('failed'), cancelled: count('cancelled') };
}

function lostError(row: Omit<Reaped, 'error'>): string {
  const what = { queued: 'it will be tried again', failed: 'no attempt is left', cancelled: 'its cancel was pending' };
  return JSON.stringify({
    code: row.status === 'cancelled' ? 'CANCELLED' : 'RUN_LOST',
    message: `attempt ${row.attempt} stopped answering and lost its lease; ${what[row.status]}`,
    isTransient: true,
    errorId: newId(),
  });
}
