// Both stores under the same tests: a caller cannot tell them apart.
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasS3Server, type S3Server, startS3Server } from '#db/testing/s3-server.ts';
import { openBlobStore, openFolderStore, openS3Store, type ReadableBlobStore } from './index.ts';

const isS3There = hasS3Server();
let folder = '';
let s3: S3Server;
let client: S3Client;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'blobs-'));
  if (!isS3There) return;
  s3 = await startS3Server();
  client = new S3Client({ ...s3, forcePathStyle: true });
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  client?.destroy();
  await s3?.stop();
});

type Opened = { store: ReadableBlobStore; read(key: string): Promise<string>; list(): Promise<string[]> };
const inFolder = (): Opened => ({
  store: openFolderStore(folder),
  read: (key) => readFile(join(folder, key), 'utf8'),
  list: async () =>
    (await readdir(folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
      .sort(),
});
const inBucket = (): Opened => ({
  store: openS3Store(s3),
  async read(Key) {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: s3.bucket, Key }));
    return Body!.transformToString();
  },
  async list() {
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: s3.bucket }));
    return Contents.map(({ Key }) => Key!).sort();
  },
});

const stores: [string, boolean, () => Opened][] = [
  ['a folder', true, inFolder],
  ['a bucket', isS3There, inBucket],
];
for (const [name, isThere, open] of stores) {
  describe.skipIf(!isThere)(`blobs in ${name}`, () => {
    it('are there as they were put, replaced by a second put, and gone when deleted', async () => {
      const { store, read, list } = open();
      await store.put('exports/a/year=2026/one.json', '{"n": 1}\n');
      await store.put('exports/a/two.bin', Buffer.from('two'));
      await store.put('exports/a/year=2026/one.json', '{"n": "ü"}\n');
      expect(await list()).toEqual(['exports/a/two.bin', 'exports/a/year=2026/one.json']);
      expect(await read('exports/a/year=2026/one.json')).toBe('{"n": "ü"}\n');
      expect(await store.delete('exports/a/two.bin')).toBe('deleted');
      expect(await store.delete('exports/a/two.bin')).toBe('missing');
      expect(await store.delete('never/was/there')).toBe('missing');
      expect(await list()).toEqual(['exports/a/year=2026/one.json']);
      await store.delete('exports/a/year=2026/one.json');
    });

    it.each(['../out', 'a/../../out', '/etc/passwd', 'a//b', '', 'a/./b', 'a\\b', 'a\0b', `${'x'.repeat(901)}`])(
      'cannot be reached by the key %j',
      async (key) => {
        const { store } = open();
        await expect(store.put(key, 'x')).rejects.toMatchObject({ code: 'INPUT_INVALID' });
        await expect(store.delete(key)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
      },
    );

    it('are written and read as streams, and listed in the order of their keys from any place on', async () => {
      const { store, list } = open();
      const body = Buffer.alloc(7 * 1024 * 1024, 'streamed ');
      const keys = ['l/a-b/1', 'l/a/1', 'l/a/2', 'l/a0', 'l/b'];
      for (const key of keys)
        await store.putStream(key, Readable.from([body.subarray(0, 3_000_000), body.subarray(3_000_000)]));
      await store.put('lm/other', 'x');
      expect(await Readable.from(store.list('l')).toArray()).toEqual(keys);
      expect(await Readable.from(store.list('l', 'l/a/1')).toArray()).toEqual(keys.slice(2));
      expect(await Readable.from(store.list('nowhere')).toArray()).toEqual([]);
      expect(Buffer.concat(await (await store.read('l/b'))!.toArray()).equals(body)).toBe(true);
      expect(await store.read('l/c')).toBeNull();
      const broken = Readable.from(
        (async function* () {
          yield body;
          throw new Error('the source broke');
        })(),
      );
      await expect(store.putStream('l/broken', broken)).rejects.toThrow();
      expect(await list()).toEqual([...keys, 'lm/other']);
      for (const key of [...keys, 'lm/other']) await store.delete(key);
    });

    it('leave nothing behind when a put is given up', async () => {
      const { store, list } = open();
      const body = Buffer.alloc(8 * 1024 * 1024, 'x');
      await expect(store.put('given/up', body, AbortSignal.abort(new Error('time is over')))).rejects.toThrow();
      expect(await list()).toEqual([]);
    });
  });
}

describe('what dead writers have left', () => {
  const HOUR_MS = 3_600_000;

  it('is deleted from a folder when nothing was written to it for so long, and nothing else is', async () => {
    const { store, list } = inFolder();
    const day = join(folder, 'exports/a/day=01');
    await mkdir(day, { recursive: true });
    await mkdir(join(folder, 'exports/b'), { recursive: true });
    const put = async (path: string, ageMs: number) => {
      await writeFile(path, 'of somebody');
      await utimes(path, new Date(), new Date(Date.now() - ageMs));
    };
    const name = (n: number) => `.0190a0b0-0000-7000-8000-00000000000${n}.tmp`;
    await put(join(day, name(1)), 2 * HOUR_MS);
    await put(join(day, name(2)), HOUR_MS / 2);
    await put(join(day, '.gitkeep.tmp'), 2 * HOUR_MS);
    await put(join(day, 'whole.tmp'), 2 * HOUR_MS);
    await put(join(folder, 'exports/b', name(3)), 2 * HOUR_MS);
    expect(await store.sweepUnfinished('exports/a', HOUR_MS)).toBe(1);
    expect(await store.sweepUnfinished('exports/nowhere', HOUR_MS)).toBe(0);
    const left = [`a/day=01/.gitkeep.tmp`, `a/day=01/${name(2)}`, 'a/day=01/whole.tmp', `b/${name(3)}`];
    expect(await list()).toEqual(left.map((path) => `exports/${path}`).sort());
    await rm(join(folder, 'exports'), { recursive: true });
  });

  it('is what a writer writes: a blob under way is one of them, and its put fails when it is swept', async () => {
    const { store, list } = inFolder();
    const [written, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const body = Readable.from(
      (async function* () {
        yield 'part ';
        written.resolve();
        await goOn.promise;
        yield 'rest';
      })(),
    );
    const put = store.putStream('exports/a/b', body);
    await written.promise;
    expect(await store.sweepUnfinished('exports/a', HOUR_MS)).toBe(0);
    expect(await store.sweepUnfinished('exports/a', -HOUR_MS)).toBe(1);
    goOn.resolve();
    await expect(put).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await list()).toEqual([]);
  });

  it.skipIf(!isS3There)('is taken out of a bucket with its parts, when its upload began so long ago', async () => {
    const store = openS3Store(s3);
    const begin = async (Key: string) => {
      const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket: s3.bucket, Key }));
      await client.send(
        new UploadPartCommand({ Bucket: s3.bucket, Key, UploadId, PartNumber: 1, Body: 'of somebody' }),
      );
    };
    const keys = ['exports/a/1', 'exports/a/2', 'exports/a1/3', 'dsar/a/4'];
    for (const key of keys) await begin(key);
    const uploads = async () => {
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: s3.bucket }));
      return Uploads.map(({ Key }) => Key).sort();
    };
    expect(await store.sweepUnfinished('exports/a', HOUR_MS)).toBe(0);
    expect(await uploads()).toEqual([...keys].sort());
    expect(await store.sweepUnfinished('exports/a', -HOUR_MS)).toBe(2);
    expect(await uploads()).toEqual(['dsar/a/4', 'exports/a1/3']);
    for (const name of ['dsar/a', 'exports/a1']) expect(await store.sweepUnfinished(name, -HOUR_MS)).toBe(1);
  });
});

describe('the installation’s store', () => {
  const settings = { MAINSPRING_HOME: '/nowhere', BLOBS_S3_REGION: 'us-east-1' };
  const none = { BLOBS_DIR: undefined, BLOBS_S3_BUCKET: undefined, BLOBS_S3_ENDPOINT: undefined };
  const noKeys = { BLOBS_S3_ACCESS_KEY_ID: undefined, BLOBS_S3_SECRET_ACCESS_KEY: undefined };

  it('is the folder that is named', async () => {
    const store = openBlobStore({ ...settings, ...none, ...noKeys, BLOBS_DIR: folder });
    await store.put('named', 'x');
    expect(await inFolder().list()).toEqual(['named']);
    await store.delete('named');
  });

  it.skipIf(!isS3There)('is the bucket where one is named', async () => {
    const store = openBlobStore({
      ...settings,
      ...{ BLOBS_DIR: folder, BLOBS_S3_BUCKET: s3.bucket, BLOBS_S3_ENDPOINT: s3.endpoint },
      BLOBS_S3_ACCESS_KEY_ID: s3.credentials.accessKeyId,
      BLOBS_S3_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
    });
    await store.put('named', 'x');
    expect([await inFolder().list(), await inBucket().list()]).toEqual([[], ['named']]);
    await store.delete('named');
  });
});
