import type { BlobStore } from '#server/files/index.ts';
import {
  forEachTenant,
  type JobContext,
  type JobDefinition,
  type JobTenant,
  listJobTenants,
  oldestFirst,
  startBudget,
  type TenantOutcome,
} from '#server/jobs/index.ts';
import { logError, ServiceError } from '#server/lib/index.ts';
import { DRY_RUN_MS, PURGE_JOB_NAME, PURGE_MS } from './config.ts';
import { dropPartitions } from './drop-partitions.ts';
import { previewPurge } from './preview.ts';
import { purgeTenant, readLastTurn, readOpenPurge } from './purge.ts';

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

type PurgeConfig = {
  blobs: BlobStore | null;
  purgeBatchRows?: number;
  /** Default PURGE_MS. */
  purgeBudgetMs?: number;
};

/** `?dryRun=1` counts and deletes nothing; `?tenant=<id or slug>` leaves all others alone. */
export const dsarPurgeJob: JobDefinition<PurgeConfig> = {
  name: PURGE_JOB_NAME,
  path: 'dsar-purge',
  summary: 'Deletes what the retention policies of each tenant let go; what is on hold stays.',
  schedule: null,
  recommended: '30 2 * * *',
  options: [{ name: 'dryRun', label: 'Only count what would be deleted', kind: 'flag' }],
  moreParams: ['tenant'],
  timeoutMs: 540_000,
  async run(ctx, config) {
    const isOver = startBudget(config.purgeBudgetMs ?? PURGE_MS);
    const isDryRun = ctx.params.dryRun === '1' || ctx.params.dryRun === 'true';
    const only = ctx.params.tenant;
    if (only !== undefined) await requireTenant(ctx.pool, only);
    // A month is dropped for all tenants in it, so only where all are meant.
    const opened = isDryRun || only !== undefined ? new Set<string>() : await dropPartitions({ ...ctx, isOver });
    const notReached: string[] = [];
    let reached = 0;
    const work = async (tenant: JobTenant): Promise<{ work: Work | null; errors: string[] }> => {
      if (only !== undefined && only !== tenant.id && only !== tenant.slug) return { work: null, errors: [] };
      // One in every run, so that no budget is too small to get on with.
      if (reached > 0 && isOver()) {
        notReached.push(tenant.slug);
        return opened.has(tenant.id) ? cutOff(await readLeft(ctx, tenant.id)) : { work: null, errors: [] };
      }
      reached += 1;
      if (isDryRun) return { work: await countTenant(ctx.pool, tenant), errors: [] };
      const done = await purgeTenant({ ...ctx, ...purgeDeps(config), isOver }, tenant, opened.has(tenant.id));
      if (done === 'unfinished') return cutOff(await readLeft(ctx, tenant.id));
      return { work: done ?? { ...NOTHING, errors: [] }, errors: done?.errors ?? [] };
    };
    const outcomes = await forEachTenant(ctx, work, {
      inOrder: (tenants) => oldestFirst(tenants, (id) => readLastTurn(ctx.pool, id)),
    });
    const scanned: Scanned[] = [];
    for (const { detail, ...outcome } of outcomes) {
      if (outcome.ok && detail?.work === null) continue;
      const left = detail === null && !isDryRun ? await readLeft(ctx, outcome.tenantId) : null;
      const work = detail?.work ?? left ?? { ...NOTHING, errors: [] };
      scanned.push({ ...outcome, work, errors: [...(left?.errors ?? []), ...outcome.errors] });
    }
    scanned.sort((a, b) => Number(a.tenant > b.tenant) - Number(a.tenant < b.tenant));
    return {
      errors: notReached.length === 0 ? [] : [timeOverBefore(notReached)],
      answer: {
        tenantsScanned: scanned.length,
        totalBlobsAttempted: scanned.reduce((sum, { work }) => sum + work.blobsAttempted, 0),
        perTenant: scanned.map(toTenantPurge),
        ...(isDryRun ? { dryRun: true } : {}),
      },
      perTenant: scanned.map(({ work, ...outcome }) => ({ ...outcome, counts: countsOf(work) })),
    };
  },
};

type Scanned = TenantOutcome & { work: Work };

function purgeDeps({ blobs, purgeBatchRows }: PurgeConfig) {
  const deleteBlob = async (location: string) => {
    if (blobs === null) throw new Error('this process has no blob store');
    return blobs.delete(location);
  };
  return purgeBatchRows === undefined ? { deleteBlob } : { deleteBlob, batchRows: purgeBatchRows };
}

/** A purge that stays open: what it has deleted for good so far, and that there is more. */
const cutOff = (left: Work | null): { work: Work; errors: string[] } => ({
  work: left ?? { ...NOTHING, errors: [] },
  errors: [...(left?.errors ?? []), 'the time of this run was over: the next one goes on with this purge'],
});

const MAX_NAMES = 10;

function timeOverBefore(slugs: string[]): string {
  const named = slugs.slice(0, MAX_NAMES).join(', ') + (slugs.length > MAX_NAMES ? ', …' : '');
  return `the time of this run was over before ${slugs.length} tenants had their turn (${named}): the next run begins with them`;
}

function toTenantPurge({ tenantId, work, errors }: Scanned): TenantPurge {
  const { retentionDays, decisionTraces, interactionHistory, aiAttachments, blobsDeleted } = work;
  return { tenantId, retentionDays, decisionTraces, interactionHistory, aiAttachments, blobsDeleted, errors };
}

/** What a purge that failed had deleted for good by then: the next one goes on from there and its receipt counts it. */
async function readLeft({ pool, log }: JobContext, tenantId: string): Promise<Work | null> {
  try {
    return await readOpenPurge(pool, tenantId);
  } catch (error) {
    // What failed before may be the database: the other tenants' counts are told all the same.
    logError(log, error, 'what a failed purge had deleted could not be read', { tenantId });
    return null;
  }
}

function countsOf({ decisionTraces, interactionHistory, aiAttachments, blobsDeleted }: typeof NOTHING) {
  return { decisionTraces, interactionHistory, aiAttachments, blobsDeleted };
}

async function countTenant(
  pool: Parameters<typeof listJobTenants>[0],
  tenant: { id: string; slug: string; name: string },
) {
  const { retentionDays, classes } = await previewPurge({ pool, tenant }, { timeoutMs: DRY_RUN_MS });
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
