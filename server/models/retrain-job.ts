import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { errorText, forEachTenant, type JobContext, type JobDefinition, type JobTenant } from '#server/jobs/index.ts';
import { logError, query, ServiceError, transaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { RETRAIN_TIMEOUT_MS } from './limits.ts';
import { runTraining } from './run-training.ts';
import { RETRAIN_JOB_NAME as NAME } from './train-times.ts';

type Due = { id: string; name: string };
type Trained = { counts: { trained: number; promoted: number; failed: number }; errors: string[]; isFailed: boolean };

const dueModels = (pool: Pool, tenantId: string) =>
  transaction(pool, { tenantId }, (tx) =>
    query<Due & { nextAt: string }>(
      tx,
      sql`select id, name, to_char(next_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS') as "nextAt"
        from models where tenant_id = ${tenantId} and next_at <= now() order by next_at, id`,
    ),
  );

/** Whose model has waited longest comes first: what one run did not reach is the next one's beginning. */
async function longestDueFirst(pool: Pool, tenants: JobTenant[]): Promise<JobTenant[]> {
  const waiting: { tenant: JobTenant; since: string }[] = [];
  for (const tenant of tenants) {
    const [first] = tenant.isActive ? await dueModels(pool, tenant.id) : [];
    if (first) waiting.push({ tenant, since: first.nextAt });
  }
  return waiting.sort((a, b) => Number(a.since > b.since) - Number(a.since < b.since)).map((one) => one.tenant);
}

/** Trains every model whose schedule says so, once however many of its instants were missed. */
export const scheduledRetrainsJob: JobDefinition = {
  name: NAME,
  path: 'scheduled-retrains',
  summary: 'Trains the models that are due from their tables, and puts a version live that is not worse.',
  schedule: '0 2 * * *',
  timeoutMs: 540_000,
  async run(ctx) {
    const perTenant = await forEachTenant(ctx, (tenant) => retrainTenant(ctx, tenant), {
      activeOnly: true,
      inOrder: (tenants) => longestDueFirst(ctx.pool, tenants),
    });
    const sum = (name: 'trained' | 'promoted' | 'failed') =>
      perTenant.reduce((total, { counts }) => total + (counts[name] ?? 0), 0);
    return {
      answer: {
        ...{ tenants: perTenant.length, trained: sum('trained'), promoted: sum('promoted'), failed: sum('failed') },
        perTenant: perTenant.map(({ tenantId, counts, errors }) => ({ tenantId, ...counts, errors })),
      },
      perTenant,
    };
  },
};

async function retrainTenant(job: JobContext, tenant: JobTenant): Promise<Trained> {
  const ctx: Ctx = {
    ...{ pool: job.pool, tenant, log: job.log, requestId: job.runId },
    actor: { kind: 'system', id: NAME },
  };
  const counts = { trained: 0, promoted: 0, failed: 0 };
  const errors: string[] = [];
  for (const { id, name } of await dueModels(job.pool, tenant.id)) {
    job.signal.throwIfAborted();
    const failed = (reason: string) => {
      counts.failed += 1;
      errors.push(`model "${name}": ${reason}`);
    };
    try {
      const outcome = await runTraining(ctx, id, {
        signal: AbortSignal.any([job.signal, AbortSignal.timeout(RETRAIN_TIMEOUT_MS)]),
        ...{ ifDue: true, fence: (tx) => job.fence(tx), failPoint: (point) => job.failPoint(`${NAME}.${point}`) },
      });
      // What ended with the run is told by the run.
      job.signal.throwIfAborted();
      if (outcome?.status === 'failed') failed(outcome.reason);
      if (outcome?.status === 'ready') counts.trained += 1;
      if (outcome?.promoted) counts.promoted += 1;
    } catch (error) {
      job.signal.throwIfAborted();
      if (error instanceof ServiceError && error.code === 'JOB_LEASE_LOST') throw error;
      // Deleted since the list was read: nothing is due any more.
      if (error instanceof ServiceError && error.code === 'MODEL_NOT_FOUND') continue;
      failed(errorText(error, logError(job.log, error, 'a due model could not be trained', { tenantId: tenant.id })));
    }
  }
  return { counts, errors, isFailed: counts.failed > 0 && counts.trained === 0 };
}
