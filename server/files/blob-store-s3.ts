// Blobs in a bucket of S3 or of whatever speaks its protocol (GCS by its S3 endpoint, MinIO, versitygw). An object is
// visible when all of it is there, so a put needs no protocol of its own.
import { type BlobStore, checkKey } from './blob-store.ts';

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
export function openS3Store(settings: S3Settings): BlobStore {
  const { bucket: Bucket } = settings;
  let opened: ReturnType<typeof connect> | undefined;
  const client = () => {
    opened ??= connect(settings);
    return opened;
  };
  return {
    async put(key, body, signal) {
      const { s3, PutObjectCommand } = await client();
      const command = new PutObjectCommand({ Bucket, Key: checkKey(key), Body: body });
      await s3.send(command, signal ? { abortSignal: signal } : {});
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
  const { S3Client, PutObjectCommand, HeadObjectCommand, DeleteObjectCommand } = await import('@aws-sdk/client-s3');
  const s3 = new S3Client({
    region,
    maxAttempts: MAX_TRIES,
    requestHandler: { requestTimeout: REQUEST_TIMEOUT_MS, connectionTimeout: 10_000 },
    // Bucket names as host names need DNS of their own; a path works everywhere.
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(credentials === undefined ? {} : { credentials }),
  });
  return { s3, PutObjectCommand, HeadObjectCommand, DeleteObjectCommand };
}

const isNotFound = (error: unknown): boolean =>
  error instanceof Error && (error.name === 'NotFound' || error.name === 'NoSuchKey');
