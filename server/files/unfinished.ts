// What a process leaves that dies while it writes a blob: a hidden file in a folder, or parts of an upload in a bucket.
// Nobody sees them by a key, but what was to be stored is in them.
import { readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReadableBlobStore } from './blob-store.ts';
import { isMissing, syncFolder } from './inbox.ts';

/**
 * Milliseconds after which nobody can still be writing: an hour since a file grew last, or since an upload began. The
 * longest writers are jobs, which are ended after nine minutes, and requests, after less. One that was frozen for longer,
 * with its machine, finds its file gone when it wakes: its put fails and leaves nothing.
 */
export const UNFINISHED_AFTER_MS = 3_600_000;

/** Where the blobs of a tenant lie. */
const FOLDERS = ['exports', 'attachments', 'dsar'] as const;

/**
 * Deletes what dead writers of a tenant's blobs have left. Returns how many.
 * @throws what the store says of one that cannot be deleted.
 */
export async function sweepUnfinished(
  store: ReadableBlobStore,
  tenantId: string,
  olderThanMs: number = UNFINISHED_AFTER_MS,
): Promise<number> {
  let swept = 0;
  for (const folder of FOLDERS) swept += await store.sweepUnfinished(`${folder}/${tenantId}`, olderThanMs);
  return swept;
}

/** What a folder's blobs are called while they are written. */
export const temporaryName = (id: string): string => `.${id}.tmp`;
const TEMPORARY = /^\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/;

/** Deletes unfinished files anywhere below `folder` to which nothing was written for so long. Returns how many. */
export async function sweepFolder(folder: string, olderThanMs: number): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  let swept = 0;
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) swept += await sweepFolder(path, olderThanMs);
    else if (entry.isFile() && TEMPORARY.test(entry.name) && (await isDeleted(path, olderThanMs))) swept += 1;
  }
  if (entries.some(({ name }) => TEMPORARY.test(name))) await syncFolder(folder);
  return swept;
}

async function isDeleted(path: string, olderThanMs: number): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs < olderThanMs) return false;
    await unlink(path);
    return true;
  } catch (error) {
    // Its writer was done with it first, or another sweep.
    if (isMissing(error)) return false;
    throw error;
  }
}
