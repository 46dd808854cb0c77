import type { BlobStore } from '#server/files/index.ts';
import type { JobContext } from '#server/jobs/index.ts';
import { counter, type Tx, transaction } from '#server/lib/index.ts';
import { type BatchLimits, readFiles } from './batch.ts';
import { moveCheckpoint, planBatch } from './checkpoint.ts';
import { BATCH_BYTES, BATCH_ROWS, BATCHES_PER_TURN } from './config.ts';
import { DATA_SETS, type DataSet } from './data-set.ts';

const exportedRows = counter('export_rows_total', 'Interactions and outcomes written to export files');

export type ExportDeps = Pick<JobContext, 'pool' | 'signal' | 'fence' | 'failPoint'> & {
  blobs: BlobStore;
  limits?: BatchLimits | undefined;
};
export type Turn = { exported: number; files: string[]; hasMore: boolean };

/** A turn that nothing was done in yet. */
export const newTurn = (): Turn => ({ exported: 0, files: [], hasMore: false });

/** Exports batch after batch of each data set, at most a turn's worth; what is done is in `turn` also when it throws. */
export async function exportTurn(deps: ExportDeps, tenantId: string, turn: Turn): Promise<void> {
  for (const set of DATA_SETS) {
    let hasMore = true;
    for (let batches = 0; hasMore && batches < BATCHES_PER_TURN; batches += 1) {
      deps.signal.throwIfAborted();
      hasMore = await exportBatch(deps, tenantId, set, turn);
    }
    turn.hasMore ||= hasMore;
  }
}

/**
 * One batch: planned, read, written, and over it the checkpoint moved when all of its files are visible. Who dies on the
 * way leaves the plan and perhaps files, and the next export writes the same ones. False: there is no more for now.
 */
async function exportBatch(deps: ExportDeps, tenantId: string, set: DataSet, turn: Turn): Promise<boolean> {
  const limits = deps.limits ?? { rows: BATCH_ROWS, bytes: BATCH_BYTES };
  const plan = await inFence(deps, tenantId, (tx) => planBatch(tx, tenantId, set, limits));
  if (!plan) return false;
  deps.failPoint('exportInteractions.planned');
  const files = await readFiles(deps.pool, tenantId, set, plan);
  // Whoever takes over reads after this. A purge may come in between: of two that write a file, the one that may be
  // late has read no fewer rows.
  await inFence(deps, tenantId, async () => {});
  deps.failPoint('exportInteractions.read');
  for (const { key, body } of files) {
    await deps.blobs.put(key, body, deps.signal);
    deps.failPoint('exportInteractions.file');
    turn.files.push(key);
  }
  const rows = files.reduce((sum, file) => sum + file.rows, 0);
  await inFence(deps, tenantId, (tx) => moveCheckpoint(tx, tenantId, set, { ...plan, rows }));
  deps.failPoint('exportInteractions.moved');
  exportedRows.inc(rows);
  turn.exported += rows;
  return plan.hasMore;
}

const inFence = <T>(deps: ExportDeps, tenantId: string, work: (tx: Tx) => Promise<T>): Promise<T> =>
  transaction(deps.pool, { tenantId }, async (tx) => {
    await deps.fence(tx);
    return work(tx);
  });
