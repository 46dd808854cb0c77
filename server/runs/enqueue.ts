import { runQueue, runs } from '#db/schema/index.ts';
import type { PipelineDocument } from '#server/ir/index.ts';
import { newId, type Tx } from '#server/lib/index.ts';
import { wakeRunners } from './wake.ts';

export type NewRun = {
  /** Given when the caller must know it before; default: a new one. */
  id?: string;
  tenantId: string;
  pipelineId: string;
  version: number;
  trigger: (typeof runs.$inferInsert)['trigger'];
  scheduleId?: string | null;
  /** The due instant; null for manual runs. */
  scheduledFor?: Date | null;
  intervalStart?: Date | null;
  intervalEnd?: Date | null;
  backfillId?: string | null;
  params?: Record<string, string | number | boolean | null>;
  /** errorHandling.retry.maxAttempts of the version. */
  maxAttempts: number;
  /** policies.maxConcurrentRuns of the version. */
  maxConcurrentRuns: number;
  /** Higher goes first within the tenant. */
  priority?: number;
  /** Not before; default: now. */
  availableAt?: Date;
  requestedBy: string;
};

/** The two limits of a document that the queue carries. */
export function queueLimits(document: PipelineDocument): { maxAttempts: number; maxConcurrentRuns: number } {
  return {
    maxAttempts: document.errorHandling.retry.maxAttempts,
    maxConcurrentRuns: document.policies.maxConcurrentRuns,
  };
}

/** Writes a run and its queue row in the caller's transaction, wakes runners after its commit, returns the id. */
export async function enqueueRun(tx: Tx, run: NewRun): Promise<string> {
  const id = run.id ?? newId();
  const shared = {
    tenantId: run.tenantId,
    pipelineId: run.pipelineId,
    scheduleId: run.scheduleId ?? null,
    scheduledFor: run.scheduledFor ?? null,
    maxAttempts: run.maxAttempts,
  };
  await tx.insert(runs).values({
    ...shared,
    id,
    version: run.version,
    trigger: run.trigger,
    intervalStart: run.intervalStart ?? null,
    intervalEnd: run.intervalEnd ?? null,
    backfillId: run.backfillId ?? null,
    params: run.params ?? {},
    requestedBy: run.requestedBy,
  });
  await tx.insert(runQueue).values({
    ...shared,
    runId: id,
    maxConcurrentRuns: run.maxConcurrentRuns,
    priority: run.priority ?? 0,
    ...(run.availableAt ? { availableAt: run.availableAt } : {}),
  });
  tx.afterCommit(wakeRunners);
  return id;
}
