// The daily cleanup. Every step is a row of short deletes that can be repeated: killed anywhere, the next run goes on.
import { openPool } from '#db/client.ts';
import { CARRY_OUT_MS, carryOutRequests, requestGoOn } from '#server/dsar/index.ts';
import { type ReadableBlobStore, sweepUnfinished } from '#server/files/index.ts';
import { sweepOrphanBlobs } from '#server/interactions/index.ts';
import {
  type Counts,
  errorText,
  forEachTenant,
  type JobContext,
  type JobDefinition,
  type JobTenant,
  listJobTenants,
  shareBudget,
  startBudget,
} from '#server/jobs/index.ts';
import { logError } from '#server/lib/index.ts';
import { pruneOutbox } from '#server/outbox/index.ts';
import { makePartitions } from './make-partitions.ts';
import {
  BATCH_ROWS,
  type PruneBatch,
  pruneCronRuns,
  pruneInvites,
  pruneLoginAttempts,
  prunePasswordResets,
  pruneSessions,
} from './prune-installation.ts';
import {
  FROM_START,
  type PruneStretch,
  pruneAlertEvents,
  pruneApprovals,
  pruneDeadLetters,
  pruneEvents,
  pruneIdempotencyKeys,
  pruneReports,
  pruneRuns,
  pruneWebhookAddresses,
  type Stretch,
} from './prune-tenant.ts';
import type { CleanupSettings } from './settings.ts';

const INSTALLATION_STEPS: { name: string; days: (settings: CleanupSettings) => number; prune: PruneBatch }[] = [
  { name: 'sessions', days: (settings) => settings.sessionDays, prune: pruneSessions },
  { name: 'invites', days: (settings) => settings.linkDays, prune: pruneInvites },
  { name: 'passwordResets', days: (settings) => settings.linkDays, prune: prunePasswordResets },
  { name: 'loginAttempts', days: () => 1, prune: pruneLoginAttempts },
  { name: 'cronRuns', days: (settings) => settings.cronRunDays, prune: pruneCronRuns },
];

const TENANT_STEPS: { name: string; days: (settings: CleanupSettings) => number; prune: PruneStretch }[] = [
  { name: 'idempotencyKeys', days: (settings) => settings.idempotencyDays, prune: pruneIdempotencyKeys },
  { name: 'outboxEvents', days: (settings) => settings.outboxDays, prune: pruneEvents },
  { name: 'runs', days: (settings) => settings.runDays, prune: pruneRuns },
  { name: 'deadLetters', days: (settings) => settings.dlqDays, prune: pruneDeadLetters },
  { name: 'alertEvents', days: (settings) => settings.runDays, prune: pruneAlertEvents },
  { name: 'webhookAddresses', days: () => 1, prune: pruneWebhookAddresses },
  { name: 'approvals', days: (settings) => settings.runDays, prune: pruneApprovals },
  { name: 'reports', days: (settings) => settings.runDays, prune: pruneReports },
];

export const cleanupJob: JobDefinition<{ cleanup: CleanupSettings; blobs: ReadableBlobStore | null }> = {
  name: 'cleanup',
  path: 'cleanup',
  summary:
    'Deletes what has reached its age, carries out data requests, and makes the partitions of the coming months.',
  schedule: '30 4 * * *',
  timeoutMs: 540_000,
  options: [{ name: 'dsar', label: 'Data requests only', kind: 'flag' }],
  async run(ctx, { cleanup: settings, blobs }) {
    const endAtMs = performance.now() + settings.pruneMs;
    const isRequestsOnly = ctx.params.dsar === '1';
    const { counts, errors } = isRequestsOnly ? NOTHING : await pruneInstallation(ctx, settings);
    // Requests before the tenants' pruning: they are due on a day, take no longer than CARRY_OUT_MS, and what they leave
    // goes on in a run of its own; what pruning leaves is as well deleted tomorrow.
    const requests = requestsOf(ctx, blobs, isRequestsOnly);
    const carriedOut = await forEachTenant(ctx, async (tenant) => outcomeOf(await requests.carryOut(tenant)));
    await requests.goOn();
    const pruned = isRequestsOnly ? [] : await pruneTenants(ctx, settings, blobs, endAtMs);
    const perTenant = carriedOut.map((one) => {
      const after = pruned.find(({ tenantId }) => tenantId === one.tenantId) ?? { ok: true, ...NOTHING };
      const both = { counts: { ...one.counts, ...after.counts }, errors: [...one.errors, ...after.errors] };
      return { ...one, ...both, ok: one.ok && after.ok };
    });
    const totals: Counts = { ...counts };
    for (const tenant of perTenant)
      for (const [name, count] of Object.entries(tenant.counts)) totals[name] = (totals[name] ?? 0) + count;
    return { answer: { deleted: totals, tenantsScanned: perTenant.length }, counts: totals, perTenant, errors };
  },
};

const outcomeOf = <T extends { errors: string[] }>(done: T) => ({ ...done, isFailed: done.errors.length > 0 });

/** Of all steps about no tenant. Milliseconds. */
const INSTALLATION_MS = 60_000;

const GOES_ON = 'its share of the time was over; the next run goes on';

const NOTHING: { counts: Counts; errors: string[] } = { counts: {}, errors: [] };

/** Data requests of all tenants, for CARRY_OUT_MS; what is left then goes on in a run of its own at once. */
function requestsOf(ctx: JobContext, blobs: ReadableBlobStore | null, isGoOn: boolean) {
  const isOver = startBudget(CARRY_OUT_MS);
  let isUnfinished = false;
  return {
    async carryOut(tenant: JobTenant): Promise<{ counts: Counts; errors: string[] }> {
      if (blobs === null) return NOTHING;
      const done = await carryOutRequests({ ...ctx, blobs, isOver, isGoOn }, tenant);
      isUnfinished ||= done.isUnfinished;
      return done;
    },
    async goOn(): Promise<void> {
      if (isUnfinished && blobs !== null) await requestGoOn({ ...ctx, blobs });
    },
  };
}

/** One step that fails keeps no other step from its work, nor one that has much to delete. */
async function pruneInstallation(ctx: JobContext, settings: CleanupSettings) {
  const counts: Counts = {};
  const errors: string[] = [];
  const step = async (name: string, run: () => Promise<number>) => {
    try {
      counts[name] = await run();
    } catch (error) {
      ctx.signal.throwIfAborted();
      errors.push(`${name}: ${told(ctx, error, { step: name })}`);
    }
  };
  const { ownerUrl } = settings;
  if (ownerUrl !== null) await step('partitionsMade', () => makePartitions(ownerUrl));
  if (ownerUrl !== null && settings.outboxDays > 0)
    await step('outboxPartitionsDropped', () => dropOutboxPartitions(ctx, ownerUrl, settings.outboxDays));
  ctx.failPoint('cleanup.partitions');
  const share = shareBudget(Math.min(INSTALLATION_MS, settings.pruneMs), INSTALLATION_STEPS.length);
  for (const { name, days, prune } of INSTALLATION_STEPS) {
    if (days(settings) === 0) continue;
    const { isOver } = share();
    await step(name, async () => {
      const { total, isUnfinished } = await inBatches(ctx, () => prune(ctx.pool, days(settings)), isOver);
      if (isUnfinished) errors.push(`${name}: ${GOES_ON}`);
      return total;
    });
  }
  return { counts, errors };
}

/** Whole months of events that are done with; what single rows are left of others goes tenant by tenant. */
async function dropOutboxPartitions(ctx: JobContext, ownerUrl: string, days: number): Promise<number> {
  const owner = openPool({ url: ownerUrl, max: 1, applicationName: 'mainspring cleanup' });
  try {
    return (await pruneOutbox(owner, { days, signal: ctx.signal })).dropped.length;
  } finally {
    await owner.end({ timeout: 5 });
  }
}

async function inBatches(ctx: JobContext, prune: () => Promise<number>, isOver: () => boolean) {
  for (let total = 0; ; ) {
    ctx.signal.throwIfAborted();
    const deleted = await prune();
    total += deleted;
    ctx.failPoint('cleanup.batch');
    if (deleted < BATCH_ROWS) return { total, isUnfinished: false };
    if (isOver()) return { total, isUnfinished: true };
  }
}

/** Each tenant has its share of the time, and each step its share of the tenant's. */
async function pruneTenants(
  ctx: JobContext,
  settings: CleanupSettings,
  blobs: ReadableBlobStore | null,
  endAtMs: number,
) {
  const share = shareBudget(endAtMs - performance.now(), (await listJobTenants(ctx.pool)).length);
  let reached = 0;
  return forEachTenant(ctx, async ({ id }) => {
    if (reached > 0 && performance.now() >= endAtMs)
      return { counts: {}, errors: ['the time of this run was over before anything was deleted by its age'] };
    reached += 1;
    return pruneTenant(ctx, id, { settings, blobs, shareMs: share().leftMs });
  });
}

type Pruning = { settings: CleanupSettings; blobs: ReadableBlobStore | null; shareMs: number };

/** A step that fails keeps no other step from its work; each deletes at least a stretch. */
async function pruneTenant(ctx: JobContext, tenantId: string, { settings, blobs, shareMs }: Pruning) {
  const counts: Counts = {};
  const errors: string[] = [];
  let isFailed = false;
  const fail = (name: string, error: unknown) => {
    ctx.signal.throwIfAborted();
    isFailed = true;
    errors.push(`${name}: ${told(ctx, error, { step: name, tenantId })}`);
  };
  // Orphans have a part too.
  const share = shareBudget(shareMs, TENANT_STEPS.length + 1);
  for (const { name, days, prune } of TENANT_STEPS) {
    if (days(settings) === 0) continue;
    const { isOver } = share();
    try {
      counts[name] = 0;
      for (let after: string | null = FROM_START; after !== null; ) {
        ctx.signal.throwIfAborted();
        const stretch: Stretch = await prune(ctx.pool, { tenantId, days: days(settings), after });
        counts[name] += stretch.deleted;
        after = stretch.upTo;
        ctx.failPoint('cleanup.stretch');
        if (after !== null && isOver()) {
          errors.push(`${name}: ${GOES_ON}`);
          break;
        }
      }
    } catch (error) {
      fail(name, error);
    }
  }
  if (blobs === null) return { counts, errors, isFailed };
  const { isOver } = share();
  const sweepOrphans = async () => {
    const swept = await sweepOrphanBlobs({ ...ctx, blobs }, tenantId, () => ctx.signal.aborted || isOver());
    ctx.signal.throwIfAborted();
    if (swept.isUnfinished) errors.push(`orphanBlobs: ${GOES_ON}`);
    return swept.deleted;
  };
  for (const [name, sweep] of [
    ['orphanBlobs', sweepOrphans],
    ['unfinishedBlobs', () => sweepUnfinished(blobs, tenantId)],
  ] as const)
    try {
      counts[name] = await sweep();
    } catch (error) {
      fail(name, error);
    }
  return { counts, errors, isFailed };
}

const told = (ctx: JobContext, error: unknown, fields: Record<string, unknown>) =>
  errorText(error, logError(ctx.log, error, 'a step of the cleanup failed', fields));
