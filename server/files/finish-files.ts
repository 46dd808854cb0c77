import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { sql } from '#db/drizzle.ts';
import { isUuid, logError, query, transaction } from '#server/lib/index.ts';
import type { FileDeps } from './claim-files.ts';
import { ARCHIVE, FAILED, isMissing, PROCESSING } from './inbox.ts';
import { moveFile } from './move-file.ts';
import { findUnfinished, markFinished, type UnfinishedFile } from './run-files.ts';

/** Files in one pass; what is left is the next caller's. */
const PASS_SIZE = 1_000;

/**
 * Brings every file of an ended run to its place: read ones to `.archive/`, unreadable ones to `.failed/`, those
 * of a run that failed or died back to the inbox. Idempotent, and done by whoever comes next: the run itself
 * after its commit, the pipeline's next run, or the worker's sweep. Returns how many were moved. A file
 * that cannot be moved is logged and left to the next pass; it keeps no other waiting.
 */
export async function finishFiles(deps: FileDeps, scope: { tenantId: string; pipelineId?: string }): Promise<number> {
  const files = await transaction(deps.pool, { tenantId: scope.tenantId }, (tx) =>
    findUnfinished(tx, scope, PASS_SIZE),
  );
  let moved = 0;
  for (const file of files) {
    const finalPath = await orStuck(deps, file.id, putAway(deps.root, file));
    if (finalPath === STUCK) continue;
    await deps.onStep?.('file_moved');
    const state = file.state === 'claimed' ? 'released' : 'finished';
    await transaction(deps.pool, { tenantId: scope.tenantId }, (tx) =>
      markFinished(tx, scope.tenantId, { id: file.id, state, finalPath }),
    );
    if (finalPath) moved += 1;
  }
  return moved;
}

const STUCK = Symbol('stuck');

async function orStuck<T>(deps: FileDeps, fileId: string, move: Promise<T>): Promise<T | typeof STUCK> {
  try {
    return await move;
  } catch (error) {
    logError(deps.log, error, 'a file could not be put in its place', { fileId });
    return STUCK;
  }
}

/** Back to the inbox, or to the day's folder: under its path, else under its id. */
async function putAway(root: string, file: UnfinishedFile): Promise<string | null> {
  if (file.state === 'claimed') return moveFile(root, file.processingPath, file.path, file.id);
  const day = join(file.state === 'committed' ? ARCHIVE : FAILED, file.day);
  try {
    return await moveFile(root, file.processingPath, join(day, file.path), file.id);
  } catch (error) {
    if (!isUnusablePath(error)) throw error;
    return moveFile(root, file.processingPath, join(day, file.id, basename(file.path)), file.id);
  }
}

/** A file of that day has the name of a folder on the way, or the whole has grown too long. */
const isUnusablePath = (error: unknown) =>
  error instanceof Error && 'code' in error && ['EEXIST', 'ENOTDIR', 'ENAMETOOLONG'].includes(String(error.code));

/**
 * The net below finishFiles: a runner that lost its run, but not its life, can still move a file into
 * `.processing/` after the run has ended and its rows are closed. Such a file goes back to the inbox.
 */
export async function returnStrayFiles(deps: FileDeps, scope: { tenantId: string }): Promise<number> {
  let returned = 0;
  for (const runId of await folders(join(deps.root, PROCESSING))) {
    if (!isUuid(runId)) continue;
    for (const fileId of await folders(join(deps.root, PROCESSING, runId))) {
      if (!isUuid(fileId)) continue;
      const path = await transaction(deps.pool, { tenantId: scope.tenantId }, async (tx) => {
        const [row] = await query<{ path: string }>(
          tx,
          sql`select path from run_files f where tenant_id = ${scope.tenantId} and id = ${fileId} and state in ('released', 'finished')
            and not exists (select 1 from run_queue where run_id = ${runId})`,
        );
        return row?.path ?? null;
      });
      if (path === null) continue;
      for (const name of await folders(join(deps.root, PROCESSING, runId, fileId))) {
        const move = moveFile(deps.root, join(PROCESSING, runId, fileId, name), path, fileId);
        const moved = await orStuck(deps, fileId, move);
        if (moved !== STUCK && moved) returned += 1;
      }
    }
  }
  return returned;
}

async function folders(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
