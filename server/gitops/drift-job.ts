import { forEachTenant, type JobDefinition } from '#server/jobs/index.ts';
import { checkRepository } from './check-repository.ts';

/** Each active tenant's repository against its pipelines; one that cannot be read fails for its tenant alone. */
export const gitopsDriftCheckJob: JobDefinition = {
  name: 'gitopsDriftCheck',
  path: 'gitops-drift-check',
  summary: "Compares each tenant's pipelines with its Git repository: in sync, changed, missing, unmanaged.",
  schedule: '0 5 * * *',
  timeoutMs: 540_000,
  async run(ctx) {
    const perTenant = await forEachTenant(
      ctx,
      async (tenant) => {
        const checked = await checkRepository(
          { pool: ctx.pool, tenant },
          { signal: ctx.signal, beforeCommit: (tx) => ctx.fence(tx) },
        );
        if (checked === null) return {};
        if (!checked.ok) return { isFailed: true, errors: [`${checked.code}: ${checked.message}`] };
        return { counts: { checked: 1, ...checked.counts }, errors: checked.invalid };
      },
      { activeOnly: true },
    );
    const told = perTenant.filter(({ ok, counts }) => !ok || counts.checked === 1);
    return {
      answer: {
        tenants: told.length,
        perTenant: told.map(({ tenantId, counts, errors }) => ({ tenantId, ...counts, errors })),
      },
      perTenant,
    };
  },
};
