import { forEachTenant, type JobDefinition } from '#server/jobs/index.ts';
import { transaction } from '#server/lib/index.ts';
import { recomputeEngagement } from './recompute.ts';

const TIMEOUT_MS = 540_000;

/** One statement and one transaction for each active tenant: a kill leaves each tenant wholly old or wholly new. */
export const engagementJob: JobDefinition = {
  name: 'engagementHealthRecompute',
  path: 'engagement-health-recompute',
  summary: "Computes the engagement score of every tenant's customers.",
  schedule: '15 3 * * *',
  timeoutMs: TIMEOUT_MS,
  async run(ctx) {
    const perTenant = await forEachTenant(
      ctx,
      async ({ id: tenantId }) => {
        const counts = await transaction(ctx.pool, { tenantId, statementTimeoutMs: TIMEOUT_MS }, async (tx) => {
          const recomputed = await recomputeEngagement(tx, tenantId);
          ctx.failPoint('engagementHealthRecompute.computed');
          // Last, not first: it locks the lease, and the statement may take longer than a renewal may wait.
          await ctx.fence(tx);
          return recomputed;
        });
        ctx.failPoint('engagementHealthRecompute.committed');
        return { counts };
      },
      { activeOnly: true },
    );
    const sum = (name: 'customers' | 'removed') =>
      perTenant.reduce((total, { counts }) => total + (counts[name] ?? 0), 0);
    return {
      answer: {
        tenants: perTenant.length,
        customers: sum('customers'),
        perTenant: perTenant.map(({ tenantId, counts, errors }) => ({ tenantId, ...counts, errors })),
      },
      perTenant,
    };
  },
};
