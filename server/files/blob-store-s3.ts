// Blobs in a bucket of S3 or of whatever speaks its protocol (GCS by its S3 endpoint, MinIO, versitygw). An object is
// visible when all of it is there, so a put needs no protocol of its own.
import { Readable } from 'node:stream';
import { checkKey, type ReadableBlobStore } from './blob-store.ts';

export type S3Settings = {
  bucket: string;
  /** Absent: AWS itself. */
  endpoint?: string | undefined;
  region: string;
  /** Absent: the SDK's own chain (environment, profile, instance role). */
  credentials?: { accessKeyId: string; secretAccessKey: string } | undefined;
};

/** Between two tries the SDK waits by itself; this is how long one request may take. */
const REQUEST_TIMEOUT_MS = 60_000;
const MAX_TRIES = 4;

/** Loads the SDK at the first use: most installations have no bucket. */
export function openS3Store(settings: S3Settings): ReadableBlobStore {
  const { bucket: Bucket } = settings;
  let opened: ReturnType<typeof connect> | undefined;
  const client = () => {
    opened ??= connect(settings);
    return opened;
  };
  return {
    place: `the bucket ${Bucket}${settings.endpoint === undefined ? '' : ` at ${settings.endpoint}`}`,
    async put(key, body, signal) {
      const { s3, PutObjectCommand } = await client();
      const command = new PutObjectCommand({ Bucket, Key: checkKey(key), Body: body });
      await s3.send(command, signal ? { abortSignal: signal } : {});
    },
    async putStream(key, body, signal) {
      const { s3, Upload } = await client();
      // In parts, which become an object when all of them are there; one that fails takes its parts with it.
      const upload = new Upload({ client: s3, params: { Bucket, Key: checkKey(key), Body: body }, queueSize: 1 });
      const stop = () => void upload.abort();
      signal?.addEventListener('abort', stop, { once: true });
      try {
        signal?.throwIfAborted();
        await upload.done();
      } finally {
        signal?.removeEventListener('abort', stop);
      }
    },
    async read(key) {
      const { s3, GetObjectCommand } = await client();
      try {
        const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: checkKey(key) }));
        return Body instanceof Readable ? Body : null;
      } catch (error) {
        if (isNotFound(error)) return null;
        throw error;
      }
    },
    async *list(folder, after = '') {
      const { s3, ListObjectsV2Command } = await client();
      const Prefix = `${checkKey(folder)}/`;
      for (let StartAfter = after; ; ) {
        const page = await s3.send(
          new ListObjectsV2Command({ Bucket, Prefix, ...(StartAfter === '' ? {} : { StartAfter }) }),
        );
        const keys = (page.Contents ?? []).flatMap(({ Key }) => Key ?? []);
        yield* keys;
        const last = keys.at(-1);
        if (page.IsTruncated !== true || last === undefined) return;
        StartAfter = last;
      }
    },
    async sweepUnfinished(folder, olderThanMs) {
      const { s3, ListMultipartUploadsCommand, AbortMultipartUploadCommand } = await client();
      const Prefix = `${checkKey(folder)}/`;
      let swept = 0;
      for (let from: { KeyMarker?: string; UploadIdMarker?: string } = {}; ; ) {
        const page = await s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix, ...from }));
        for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
          if (!Key?.startsWith(Prefix) || UploadId === undefined || !Initiated) continue;
          if (Date.now() - Initiated.getTime() < olderThanMs) continue;
          const isAborted = await s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId })).then(
            () => true,
            (error: unknown) => {
              // Its writer was done with it first, or another sweep.
              if (isNotFound(error)) return false;
              throw error;
            },
          );
          if (isAborted) swept += 1;
        }
        const { NextKeyMarker, NextUploadIdMarker } = page;
        if (page.IsTruncated !== true || !NextKeyMarker) return swept;
        from = { KeyMarker: NextKeyMarker, ...(NextUploadIdMarker ? { UploadIdMarker: NextUploadIdMarker } : {}) };
      }
    },
    async delete(key) {
      const { s3, HeadObjectCommand, DeleteObjectCommand } = await client();
      const Key = checkKey(key);
      // S3 says the same of an object that was there and of one that was not.
      const isThere = await s3.send(new HeadObjectCommand({ Bucket, Key })).then(
        () => true,
        (error: unknown) => {
          if (isNotFound(error)) return false;
          throw error;
        },
      );
      if (!isThere) return 'missing';
      await s3.send(new DeleteObjectCommand({ Bucket, Key }));
      return 'deleted';
    },
  };
}

async function connect({ endpoint, region, credentials }: S3Settings) {
  const sdk = await import('@aws-sdk/client-s3');
  const { S3Client, PutObjectCommand, HeadObjectCommand, DeleteObjectCommand, GetObjectCommand } = sdk;
  const { ListObjectsV2Command, ListMultipartUploadsCommand, AbortMultipartUploadCommand } = sdk;
  const { Upload } = await import('@aws-sdk/lib-storage');
  const s3 = new S3Client({
    region,
    maxAttempts: MAX_TRIES,
    requestHandler: { requestTimeout: REQUEST_TIMEOUT_MS, connectionTimeout: 10_000 },
    // Bucket names as host names need DNS of their own; a path works everywhere.
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(credentials === undefined ? {} : { credentials }),
  });
  return {
    ...{ s3, Upload, PutObjectCommand, HeadObjectCommand, DeleteObjectCommand },
    ...{ GetObjectCommand, ListObjectsV2Command, ListMultipartUploadsCommand, AbortMultipartUploadCommand },
  };
}

const isNotFound = (error: unknown): boolean =>
  error instanceof Error && (error.name === 'NotFound' || error.name === 'NoSuchKey' || error.name === 'NoSuchUpload');
