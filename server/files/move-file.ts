import { constants } from 'node:fs';
import { access, link, lstat, mkdir, rename, rmdir, unlink } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { isMissing, syncFolder } from './inbox.ts';

/**
 * Moves a file to `to`, or to `to` with the file's id in its name when something is there already. Never
 * overwrites, and may be repeated after a crash at any point. Returns where the file is now, null when it was
 * not there to be moved.
 */
export async function moveFile(root: string, from: string, to: string, fileId: string): Promise<string | null> {
  const source = join(root, from);
  await mkdir(dirname(join(root, to)), { recursive: true });
  for (const target of [to, withId(to, fileId)]) {
    const outcome = await moveWithoutOverwriting(source, join(root, target));
    if (outcome === 'missing') return null;
    if (outcome === 'exists') continue;
    await syncFolder(dirname(join(root, target)));
    await removeEmptyFolders(root, dirname(from));
    return target;
  }
  throw new Error(`"${to}" and its name with the file's id are both taken`);
}

/** Link then unlink: unlike rename it refuses an existing target, and a crash in between leaves both names. */
async function moveWithoutOverwriting(source: string, target: string): Promise<'moved' | 'missing' | 'exists'> {
  try {
    await link(source, target);
  } catch (error) {
    if (isMissing(error)) return 'missing';
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'EEXIST') {
      if (!(await isSameFile(source, target))) return 'exists';
    } else if (code === 'EPERM' || code === 'ENOTSUP' || code === 'ENOSYS' || code === 'EOPNOTSUPP') {
      return renameWithoutLinks(source, target);
    } else throw error;
  }
  await unlink(source).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
  return 'moved';
}

/** A file system without hard links: only the name with the id in it is certain to be free. */
async function renameWithoutLinks(source: string, target: string): Promise<'moved' | 'missing' | 'exists'> {
  const isTaken = await access(target, constants.F_OK).then(
    () => true,
    () => false,
  );
  if (isTaken) return 'exists';
  await rename(source, target);
  return 'moved';
}

async function isSameFile(a: string, b: string): Promise<boolean> {
  try {
    const [left, right] = await Promise.all([lstat(a, { bigint: true }), lstat(b, { bigint: true })]);
    return left.ino === right.ino && left.dev === right.dev;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

function withId(path: string, fileId: string): string {
  const extension = extname(path);
  return `${path.slice(0, path.length - extension.length)}.${fileId.slice(-12)}${extension}`;
}

/** `.processing/<run>/<file>` and `.processing/<run>`, when nothing is left in them. */
async function removeEmptyFolders(root: string, folder: string): Promise<void> {
  if (!folder.startsWith('.processing/')) return;
  for (const path of [folder, dirname(folder)]) {
    if (path === '.processing') return;
    await rmdir(join(root, path)).catch(() => {});
  }
}
