import type { BlobStore } from '#server/files/index.ts';
import type { JobContext } from '#server/jobs/index.ts';
import { counter, transaction } from '#server/lib/index.ts';
import { type BatchLimits, readBatch } from './batch.ts';
import { moveCheckpoint, readCheckpoint } from './checkpoint.ts';
import { BATCHES_PER_TURN } from './config.ts';

const exportedRows = counter('export_rows_total', 'Interactions written to export files');

export type ExportDeps = Pick<JobContext, 'pool' | 'signal' | 'fence' | 'failPoint'> & {
  blobs: BlobStore;
  limits?: BatchLimits | undefined;
};
export type Turn = { exported: number; files: string[]; hasMore: boolean };

/**
 * Exports batch after batch, at most a turn's worth. A batch's files are all visible before its checkpoint moves; who
 * dies between the two leaves files that the next export writes again under the same names.
 */
export async function exportTurn(deps: ExportDeps, tenantId: string): Promise<Turn> {
  const turn: Turn = { exported: 0, files: [], hasMore: false };
  for (let batches = 0; batches < BATCHES_PER_TURN; batches += 1) {
    deps.signal.throwIfAborted();
    const from = await readCheckpoint(deps.pool, tenantId);
    const batch = await readBatch(deps.pool, tenantId, from, deps.limits);
    if (!batch) return { ...turn, hasMore: false };
    deps.failPoint('exportInteractions.read');
    for (const { key, body } of batch.files) {
      await deps.blobs.put(key, body, deps.signal);
      deps.failPoint('exportInteractions.file');
      turn.files.push(key);
    }
    await transaction(deps.pool, { tenantId }, async (tx) => {
      await deps.fence(tx);
      await moveCheckpoint(tx, tenantId, { from, to: batch.next, rows: batch.rows });
    });
    deps.failPoint('exportInteractions.moved');
    exportedRows.inc(batch.rows);
    turn.exported += batch.rows;
    turn.hasMore = batch.isFull;
    if (!batch.isFull) return turn;
  }
  return turn;
}
