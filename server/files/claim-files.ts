import { lstat, mkdir, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Pool } from '#db/client.ts';
import { type Logger, logError, newId, transaction } from '#server/lib/index.ts';
import { finishFiles } from './finish-files.ts';
import { isMissing, listInputs, PROCESSING, syncFolder } from './inbox.ts';
import { findClaimed, type InputFile, insertClaims, updateClaims } from './run-files.ts';

/** Steps between which a crash must do no harm; tests stop or kill the process there. */
export type FileStep = 'files_recorded' | 'file_taken' | 'files_taken' | 'file_staged' | 'file_moved';
export type OnFileStep = (step: FileStep) => void | Promise<void>;

export type FileRun = { tenantId: string; runId: string; pipelineId: string; token: number };
export type FileDeps = { pool: Pool; root: string; log: Logger; onStep?: OnFileStep | undefined };

/**
 * Takes the node's input files for the run: those an earlier attempt took, then what lies in the inbox. A claim
 * is a row first and a rename second; of two runs that race for one file the rename lets one win.
 */
export async function claimFiles(
  deps: FileDeps,
  run: FileRun,
  source: { nodeId: string; pattern: string; order: 'name' | 'mtime'; maxFiles: number },
): Promise<InputFile[]> {
  await finishFiles(deps, { tenantId: run.tenantId, pipelineId: run.pipelineId }).catch((error: unknown) => {
    // An earlier run's files are no reason for this one to fail; the next sweep sees them again.
    logError(deps.log, error, 'files of ended runs could not be put away', { pipelineId: run.pipelineId });
  });
  const earlier = await transaction(deps.pool, { tenantId: run.tenantId }, (tx) => findClaimed(tx, run, source.nodeId));
  const room = source.maxFiles - earlier.length;
  const found = room > 0 ? await listInputs(deps.root, { ...source, limit: room }) : [];
  const wanted = found.map((file): InputFile => {
    const id = newId();
    const processingPath = join(PROCESSING, run.runId, id, basename(file.path));
    return {
      id,
      path: file.path,
      processingPath,
      sizeBytes: file.sizeBytes,
      modifiedAt: file.modifiedAt.toISOString(),
    };
  });
  const isKnown = new Set(earlier.map((file) => file.path));
  const fresh = wanted.filter((file) => !isKnown.has(file.path));
  const recorded =
    fresh.length === 0
      ? []
      : await transaction(deps.pool, { tenantId: run.tenantId }, (tx) => insertClaims(tx, run, source.nodeId, fresh));
  await deps.onStep?.('files_recorded');
  const taken = await takeAll(deps, run.tenantId, [...earlier, ...recorded]);
  await deps.onStep?.('files_taken');
  return inOrder(taken, source.order);
}

async function takeAll(deps: FileDeps, tenantId: string, files: readonly InputFile[]): Promise<InputFile[]> {
  if (files.length === 0) return [];
  const outcomes = [];
  for (const file of files) {
    outcomes.push({ file, stats: await take(deps.root, file) });
    await deps.onStep?.('file_taken');
  }
  const found = outcomes.map(({ file, stats }) => ({
    id: file.id,
    sizeBytes: stats?.size ?? null,
    modifiedAt: stats?.mtime.toISOString() ?? null,
  }));
  await transaction(deps.pool, { tenantId }, (tx) => updateClaims(tx, tenantId, found));
  // What was taken is what counts: the file may have been replaced between the listing and the rename.
  return outcomes.flatMap(({ file, stats }) =>
    stats ? [{ ...file, sizeBytes: stats.size, modifiedAt: stats.mtime.toISOString() }] : [],
  );
}

/** Renames the file into `.processing/`, unless an earlier attempt has; null when it is in neither place. */
async function take(root: string, file: InputFile) {
  const target = join(root, file.processingPath);
  const there = await statOrNull(target);
  if (there) return there;
  const source = join(root, file.path);
  await mkdir(dirname(target), { recursive: true });
  try {
    await rename(source, target);
  } catch (error) {
    if (isMissing(error)) return statOrNull(target);
    throw error;
  }
  await syncFolder(dirname(target));
  await syncFolder(dirname(source));
  return statOrNull(target);
}

async function statOrNull(path: string) {
  try {
    return await lstat(path);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

function inOrder(files: InputFile[], order: 'name' | 'mtime'): InputFile[] {
  const byName = (a: InputFile, b: InputFile) => (a.path < b.path ? -1 : a.path > b.path ? 1 : a.id < b.id ? -1 : 1);
  return files.sort((a, b) =>
    order === 'mtime' ? Date.parse(a.modifiedAt) - Date.parse(b.modifiedAt) || byName(a, b) : byName(a, b),
  );
}
