import { sql } from '#db/drizzle.ts';
import { recordAudit } from '#server/audit/index.ts';
import { forEachTenant, type JobContext, type JobDefinition, type JobTenant } from '#server/jobs/index.ts';
import { gauge, query, transaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { countOpen } from './demand-approval.ts';
import { ENDS, endDetails } from './end-request.ts';
import { countedOf, isExpired, isStale, joinSubject } from './load-request.ts';

const JOB_NAME = 'approvalsExpire';
/** Requests ended in one transaction: their audit rows are written one by one. */
const BATCH = 500;

const open = gauge('approvals_open', 'Change requests that waited for approval when approvalsExpire last ran');

type Ended = {
  id: string;
  pipelineId: string | null;
  baseVersion: number | null;
  targetVersion: number;
  state: 'expired' | 'stale';
  reason: string;
  expiresAt: string;
};

/**
 * Ends what can no longer be applied: requests whose time is over, and those whose pipeline is no longer what it was. It
 * only writes down what already holds: no vote is taken on either. One that is being decided is left to the next run.
 */
export const approvalsExpireJob: JobDefinition = {
  name: JOB_NAME,
  path: 'approvals-expire',
  summary: 'Expires change requests whose time is over; the change stays unapplied.',
  schedule: '*/15 * * * *',
  timeoutMs: 300_000,
  async run(ctx) {
    let waiting = 0;
    const perTenant = await forEachTenant(ctx, async (tenant) => {
      const counts = { expired: 0, stale: 0 };
      for (;;) {
        ctx.signal.throwIfAborted();
        const ended = await endBatch(ctx, tenant);
        for (const { state } of ended) counts[state] += 1;
        if (ended.length < BATCH) break;
      }
      waiting += await transaction(ctx.pool, { tenantId: tenant.id }, (tx) => countOpen(tx, tenant.id));
      return { counts };
    });
    open.set(waiting);
    const told = perTenant.filter(({ ok, counts }) => !ok || (counts.expired ?? 0) + (counts.stale ?? 0) > 0);
    const sum = (name: 'expired' | 'stale') => perTenant.reduce((total, { counts }) => total + (counts[name] ?? 0), 0);
    return {
      answer: {
        ...{ expired: sum('expired'), stale: sum('stale') },
        perTenant: told.map(({ tenantId, counts, errors }) => ({ tenantId, ...counts, errors })),
      },
      perTenant,
    };
  },
};

function endBatch(ctx: JobContext, tenant: JobTenant): Promise<Ended[]> {
  return transaction(ctx.pool, { tenantId: tenant.id }, async (tx) => {
    await ctx.fence(tx);
    const ended = await query<Ended>(
      tx,
      sql`with due as (
          select r.id, case when ${isExpired} then 'expired' else 'stale' end as state
          from approval_requests r ${joinSubject(tenant.id)}
          where r.tenant_id = ${tenant.id} and r.state = 'open' and (${isExpired} or ${isStale})
          order by r.expires_at limit ${BATCH} for update of r skip locked
        )
        update approval_requests r set state = due.state, closed_at = clock_timestamp(), closed_by = ${`system:${JOB_NAME}`},
          counted = ${countedOf(tenant.id, sql`r.id`)},
          close_reason = case due.state when 'expired' then 'its time was over'
            else case when r.pipeline_id is null then 'the rules were set otherwise' else 'the pipeline is no longer as it was, or the rules ask for more' end end
        from due where r.tenant_id = ${tenant.id} and r.id = due.id and r.state = 'open'
        returning r.id, r.pipeline_id as "pipelineId", r.base_version as "baseVersion",
          r.target_version as "targetVersion", r.state, r.close_reason as reason, r.expires_at as "expiresAt"`,
    );
    const as: Ctx = {
      ...{ pool: ctx.pool, log: ctx.log, tenant, requestId: ctx.runId },
      actor: { kind: 'system', id: JOB_NAME },
    };
    for (const { id, state, reason, expiresAt, ...request } of ended)
      await recordAudit(tx, as, {
        ...{ action: ENDS[state], targetKind: 'approval', targetId: id },
        details: { ...endDetails(request, reason), expiresAt: new Date(expiresAt).toISOString() },
      });
    ctx.failPoint(`${JOB_NAME}.ended`);
    return ended;
  });
}
