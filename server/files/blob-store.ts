// Where blobs lie that are not rows: exports, and the attachments of interactions. One store per installation, a local
// folder or a bucket; keys are paths with forward slashes, such as `exports/<tenant id>/…`.
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, unlink } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { newId, ServiceError } from '#server/lib/index.ts';
import { isMissing, syncFolder } from './inbox.ts';

export type BlobStore = {
  /** Writes the whole blob or nothing: nobody sees a part of it under its key. Replaces what was there. */
  put(key: string, body: string | Buffer, signal?: AbortSignal): Promise<void>;
  /** `missing` when there is none. */
  delete(key: string): Promise<'deleted' | 'missing'>;
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
export function openFolderStore(folder: string): BlobStore {
  const root = resolve(folder);
  const pathOf = (key: string): string => {
    const path = join(root, checkKey(key));
    if (relative(root, path).startsWith(`..${sep}`)) throw new ServiceError('INPUT_INVALID', `"${key}" leads outside`);
    return path;
  };
  return {
    async put(key, body, signal) {
      const path = pathOf(key);
      const place = dirname(path);
      await mkdir(place, { recursive: true });
      const temporary = join(place, `.${newId()}.tmp`);
      try {
        await pipeline(Readable.from([body]), createWriteStream(temporary, { flags: 'wx', flush: true }), { signal });
        await rename(temporary, path);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
      await syncFolder(place);
    },
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
