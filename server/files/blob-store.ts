// Where blobs lie that are not rows: exports, and the attachments of interactions. One store per installation, a local
// folder or a bucket; keys are paths with forward slashes, such as `exports/<tenant id>/…`.
import { createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, unlink } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { newId, ServiceError } from '#server/lib/index.ts';
import { isMissing, syncFolder } from './inbox.ts';
import { sweepFolder, temporaryName } from './unfinished.ts';

export type BlobStore = {
  /** Writes the whole blob or nothing: nobody sees a part of it under its key. Replaces what was there. */
  put(key: string, body: string | Buffer, signal?: AbortSignal): Promise<void>;
  /** `missing` when there is none. */
  delete(key: string): Promise<'deleted' | 'missing'>;
};

/** A store whose blobs can also be read again, found by what their keys begin with, and written as they come. */
export type ReadableBlobStore = BlobStore & {
  /** Which store it is, in words for people: `the folder /srv/blobs`. */
  readonly place: string;
  /** As `put`, of a blob that is too large to hold: nobody sees a part of it. A body that fails leaves nothing. */
  putStream(key: string, body: Readable, signal?: AbortSignal): Promise<void>;
  /** Null where there is none. */
  read(key: string): Promise<Readable | null>;
  /** Keys below a folder (`exports/<tenant id>`), in order, after `after`; only whole blobs. */
  list(folder: string, after?: string): AsyncIterable<string>;
  /** Deletes what dead writers have left below a folder, when it is older than this. Returns how many. */
  sweepUnfinished(folder: string, olderThanMs: number): Promise<number>;
};

const KEY = /^[A-Za-z0-9_=.@+-]+(\/[A-Za-z0-9_=.@+-]+)*$/;

/** @throws ServiceError INPUT_INVALID for a key that could lead elsewhere. */
export function checkKey(key: string): string {
  if (KEY.test(key) && key.length <= 900 && !key.split('/').some((part) => part === '.' || part === '..')) return key;
  throw new ServiceError('INPUT_INVALID', `"${key.slice(0, 200)}" is no key of a blob`);
}

/**
 * Blobs as files below a folder. A blob is written under a name that begins with a dot, synced and renamed, and the
 * folder is synced after it: what is there is whole, and survives the machine.
 */
export function openFolderStore(folder: string): ReadableBlobStore {
  const root = resolve(folder);
  const pathOf = (key: string): string => {
    const path = join(root, checkKey(key));
    if (relative(root, path).startsWith(`..${sep}`)) throw new ServiceError('INPUT_INVALID', `"${key}" leads outside`);
    return path;
  };
  async function putStream(key: string, body: Readable, signal?: AbortSignal): Promise<void> {
    const path = pathOf(key);
    const place = dirname(path);
    await mkdir(place, { recursive: true });
    const temporary = join(place, temporaryName(newId()));
    try {
      await pipeline(body, createWriteStream(temporary, { flags: 'wx', flush: true }), { signal });
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncFolder(place);
  }
  return {
    place: `the folder ${root}`,
    put: (key, body, signal) => putStream(key, Readable.from([body]), signal),
    putStream,
    async read(key) {
      try {
        return (await open(pathOf(key), 'r')).createReadStream();
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    },
    list: (folder, after = '') => keysBelow(root, checkKey(folder), after),
    sweepUnfinished: (folder, olderThanMs) => sweepFolder(join(root, checkKey(folder)), olderThanMs),
    async delete(key) {
      const path = pathOf(key);
      try {
        await unlink(path);
      } catch (error) {
        if (isMissing(error)) return 'missing';
        throw error;
      }
      await syncFolder(dirname(path));
      return 'deleted';
    },
  };
}

/** Depth first, in the order of whole keys: a name that ends sorts before one that goes on. */
async function* keysBelow(root: string, folder: string, after: string): AsyncIterable<string> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  const named = entries
    .filter(({ name }) => !name.startsWith('.'))
    .map((entry) => ({ entry, key: `${folder}/${entry.name}` }))
    .map(({ entry, key }) => ({ key, isFolder: entry.isDirectory(), sortsAs: entry.isDirectory() ? `${key}/` : key }))
    .sort((a, b) => (a.sortsAs < b.sortsAs ? -1 : 1));
  for (const { key, isFolder, sortsAs } of named) {
    if (isFolder) {
      if (after < sortsAs || after.startsWith(sortsAs)) yield* keysBelow(root, key, after);
    } else if (key > after) yield key;
  }
}
