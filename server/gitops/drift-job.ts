import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { forEachTenant, type JobDefinition, oldestFirst } from '#server/jobs/index.ts';
import { query, transaction } from '#server/lib/index.ts';
import { checkRepository } from './check-repository.ts';
import { READ_DEADLINE_MS } from './limits.ts';

/** When the tenant's repository was last looked at: a slow one can take all the time of a run. */
const checkedAt = (pool: Pool, tenantId: string): Promise<string | null> =>
  transaction(pool, { tenantId }, async (tx) => {
    const [last] = await query<{ startedAt: string }>(
      tx,
      sql`select to_char(started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS') as "startedAt"
        from gitops_checks where tenant_id = ${tenantId}`,
    );
    return last?.startedAt ?? null;
  });

/** Each active tenant's repository against its pipelines; one that cannot be read fails for its tenant alone. */
export const gitopsDriftCheckJob: JobDefinition = makeDriftCheckJob({ readDeadlineMs: READ_DEADLINE_MS });

/** `readDeadlineMs`: of one tenant's repository, so that a slow one does not hold up those after it. */
export function makeDriftCheckJob({ readDeadlineMs }: { readDeadlineMs: number }): JobDefinition {
  return {
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
            { readDeadlineMs, signal: ctx.signal, beforeCommit: (tx) => ctx.fence(tx) },
          );
          if (checked === null) return {};
          if (!checked.ok) return { isFailed: true, errors: [`${checked.code}: ${checked.message}`] };
          return { counts: { checked: 1, ...checked.counts }, errors: checked.invalid };
        },
        { activeOnly: true, inOrder: (tenants) => oldestFirst(tenants, (id) => checkedAt(ctx.pool, id)) },
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
}
