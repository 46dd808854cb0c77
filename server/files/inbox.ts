// A tenant's folder. Everything a run reads, moves or writes stays below it.
//
//   <filesDir>/<tenant slug>/…            the inbox: what the tenant's people drop
//                          /.processing/<run id>/<file id>/<name>
//                          /.archive/YYYY/MM/DD/<path>
//                          /.failed/YYYY/MM/DD/<path>
import { glob, lstat, mkdir, open, realpath } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { pathPatternProblem } from '#server/ir/index.ts';

export const PROCESSING = '.processing';
export const ARCHIVE = '.archive';
export const FAILED = '.failed';

/** A path pattern that must not be followed. */
export class InboxPathError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InboxPathError';
  }
}

export type FoundFile = { path: string; sizeBytes: number; modifiedAt: Date };

/** Makes the tenant's folder and returns its real path. The slug has been checked when the tenant was made. */
export async function openInbox(filesDir: string, tenantSlug: string): Promise<string> {
  const root = join(filesDir, tenantSlug);
  await mkdir(root, { recursive: true });
  return realpath(root);
}

/**
 * Regular files that match the pattern, in the source's order. Names that begin with a dot are left alone: they
 * are ours or not finished. A link, or a file that a linked folder leads to outside, is not taken.
 * @throws InboxPathError for a pattern that leaves the folder, or that the matcher could take for ever to read.
 */
export async function listInputs(
  root: string,
  source: { pattern: string; order: 'name' | 'mtime'; limit: number },
): Promise<FoundFile[]> {
  // Validation has asked the same; a document saved before it did, or a parameter, must not reach the matcher either.
  const wrong = pathPatternProblem(source.pattern);
  if (wrong) throw new InboxPathError(wrong);
  const found: FoundFile[] = [];
  for await (const path of glob(source.pattern, { cwd: root })) {
    if (path.split(sep).some((part) => part.startsWith('.')) || path.includes('\ufffd')) continue;
    const file = await statInside(root, path);
    if (file) found.push(file);
  }
  const byName = (a: FoundFile, b: FoundFile) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);
  found.sort((a, b) =>
    source.order === 'mtime' ? a.modifiedAt.getTime() - b.modifiedAt.getTime() || byName(a, b) : byName(a, b),
  );
  return found.slice(0, source.limit);
}

async function statInside(root: string, path: string): Promise<FoundFile | null> {
  try {
    const full = join(root, path);
    const stats = await lstat(full);
    if (!stats.isFile()) return null;
    const real = join(await realpath(dirname(full)), basename(full));
    if (real !== full && !real.startsWith(root + sep)) return null;
    return { path, sizeBytes: stats.size, modifiedAt: stats.mtime };
  } catch (error) {
    // Taken by another run between the listing and now.
    if (isMissing(error)) return null;
    throw error;
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

/** After a rename, so that a power cut cannot undo it once the database knows of it. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r').catch(() => null);
  if (!handle) return;
  try {
    // Some file systems refuse fsync on a folder; then there is nothing more to be done.
    await handle.sync().catch(() => {});
  } finally {
    await handle.close();
  }
}
