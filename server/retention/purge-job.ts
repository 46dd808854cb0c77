import type { BlobStore } from '#server/files/index.ts';
import { forEachTenant, type JobDefinition, listJobTenants } from '#server/jobs/index.ts';
import { ServiceError } from '#server/lib/index.ts';
import { PURGE_JOB_NAME } from './config.ts';
import { dropPartitions } from './drop-partitions.ts';
import { previewPurge } from './preview.ts';
import { purgeTenant } from './purge.ts';

/** One tenant in the job's answer. */
export type TenantPurge = {
  tenantId: string;
  /** The smallest days that were applied; 0: no policy deletes anything, and the tenant was skipped. */
  retentionDays: number;
  decisionTraces: number;
  interactionHistory: number;
  aiAttachments: number;
  blobsDeleted: number;
  errors: string[];
};

const NOTHING = {
  ...{ retentionDays: 0, decisionTraces: 0, interactionHistory: 0, aiAttachments: 0 },
  ...{ blobsDeleted: 0, blobsAttempted: 0 },
};
type Work = typeof NOTHING & { errors: string[] };

/** `?dryRun=1` counts and deletes nothing; `?tenant=<id or slug>` leaves all others alone. */
export const dsarPurgeJob: JobDefinition<{ blobs: BlobStore | null; purgeBatchRows?: number }> = {
  name: PURGE_JOB_NAME,
  path: 'dsar-purge',
  summary: 'Deletes what the retention policies of each tenant let go; what is on hold stays.',
  schedule: null,
  recommended: '30 2 * * *',
  options: [{ name: 'dryRun', label: 'Only count what would be deleted', kind: 'flag' }],
  timeoutMs: 540_000,
  async run(ctx, { blobs, purgeBatchRows }) {
    const isDryRun = ctx.params.dryRun === '1' || ctx.params.dryRun === 'true';
    const only = ctx.params.tenant;
    if (only !== undefined) await requireTenant(ctx.pool, only);
    const deleteBlob = async (location: string) => {
      if (blobs === null) throw new Error('this process has no blob store');
      return blobs.delete(location);
    };
    const batch = purgeBatchRows === undefined ? {} : { batchRows: purgeBatchRows };
    // A month is dropped for all tenants in it, so only where all are meant.
    const opened = isDryRun || only !== undefined ? new Set<string>() : await dropPartitions(ctx);
    const outcomes = await forEachTenant(ctx, async (tenant): Promise<{ work: Work | null; errors: string[] }> => {
      if (only !== undefined && only !== tenant.id && only !== tenant.slug) return { work: null, errors: [] };
      const work = isDryRun
        ? await countTenant(ctx.pool, tenant)
        : await purgeTenant({ ...ctx, deleteBlob, ...batch }, tenant, opened.has(tenant.id));
      return { work: work ?? { ...NOTHING, errors: [] }, errors: work?.errors ?? [] };
    });
    const scanned = outcomes.filter(({ ok, detail }) => !ok || detail?.work !== null);
    const perTenant = scanned.map(({ tenantId, detail, errors }): TenantPurge => {
      const { retentionDays, decisionTraces, interactionHistory, aiAttachments, blobsDeleted } =
        detail?.work ?? NOTHING;
      return { tenantId, retentionDays, decisionTraces, interactionHistory, aiAttachments, blobsDeleted, errors };
    });
    return {
      answer: {
        tenantsScanned: scanned.length,
        totalBlobsAttempted: scanned.reduce((sum, { detail }) => sum + (detail?.work?.blobsAttempted ?? 0), 0),
        perTenant,
        ...(isDryRun ? { dryRun: true } : {}),
      },
      perTenant: scanned.map(({ detail, ...outcome }) => ({ ...outcome, counts: countsOf(detail?.work ?? NOTHING) })),
    };
  },
};

function countsOf({ decisionTraces, interactionHistory, aiAttachments, blobsDeleted }: typeof NOTHING) {
  return { decisionTraces, interactionHistory, aiAttachments, blobsDeleted };
}

async function countTenant(
  pool: Parameters<typeof listJobTenants>[0],
  tenant: { id: string; slug: string; name: string },
) {
  const { retentionDays, classes } = await previewPurge({ pool, tenant });
  const rowsOf = (name: string) => classes.find(({ dataClass }) => dataClass === name)?.rows ?? 0;
  return {
    ...NOTHING,
    retentionDays,
    decisionTraces: rowsOf('decision_traces'),
    interactionHistory: rowsOf('interaction_history'),
    aiAttachments: rowsOf('ai_attachments'),
    errors: [],
  };
}

async function requireTenant(pool: Parameters<typeof listJobTenants>[0], only: string): Promise<void> {
  const tenants = await listJobTenants(pool);
  if (tenants.some(({ id, slug }) => only === id || only === slug)) return;
  throw new ServiceError(
    'INPUT_INVALID',
    `there is no tenant "${only.slice(0, 60)}" for ?tenant=; give its id or slug`,
  );
}
