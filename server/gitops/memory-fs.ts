// The files that isomorphic-git keeps a repository in, in memory: a reading leaves nothing behind, and needs no disk.
import type { PromiseFsClient } from 'isomorphic-git';

const missing = (path: string) => Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });

/** Folders are there when something is in them; links are not known. */
export function memoryFs(): PromiseFsClient {
  const files = new Map<string, Uint8Array>();
  const below = (path: string) => (path.endsWith('/') ? path : `${path}/`);
  const isFolder = (path: string) => [...files.keys()].some((file) => file.startsWith(below(path)));
  const stat = async (path: string) => {
    const content = files.get(path);
    if (!content && !isFolder(path)) throw missing(path);
    return {
      ...{ type: content ? 'file' : 'dir', mode: content ? 0o100644 : 0o40000, size: content?.byteLength ?? 0 },
      ...{ ino: 0, dev: 0, uid: 0, gid: 0, mtimeMs: 0, ctimeMs: 0 },
      isFile: () => content !== undefined,
      isDirectory: () => content === undefined,
      isSymbolicLink: () => false,
    };
  };
  const promises = {
    async readFile(path: string, options?: { encoding?: string } | string) {
      const content = files.get(path);
      if (!content) throw missing(path);
      const encoding = typeof options === 'string' ? options : options?.encoding;
      return encoding === 'utf8' ? Buffer.from(content).toString('utf8') : content;
    },
    async writeFile(path: string, content: Uint8Array | string) {
      files.set(path, typeof content === 'string' ? Buffer.from(content) : content);
    },
    async unlink(path: string) {
      if (!files.delete(path)) throw missing(path);
    },
    async readdir(path: string) {
      const start = below(path);
      const names = [...files.keys()].filter((file) => file.startsWith(start));
      if (names.length === 0) throw missing(path);
      return [...new Set(names.map((file) => file.slice(start.length).split('/', 1)[0]!))];
    },
    async mkdir() {},
    async rmdir() {},
    stat,
    lstat: stat,
    async readlink(path: string): Promise<string> {
      throw missing(path);
    },
    async symlink(): Promise<void> {
      throw new Error('links are not kept');
    },
  };
  return { promises };
}
