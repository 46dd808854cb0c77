import type { Environment } from '#server/env.ts';
import { openFolderStore, type ReadableBlobStore } from './blob-store.ts';
import { openS3Store } from './blob-store-s3.ts';

type Settings = Pick<
  Environment,
  | 'MAINSPRING_HOME'
  | 'BLOBS_DIR'
  | 'BLOBS_S3_BUCKET'
  | 'BLOBS_S3_ENDPOINT'
  | 'BLOBS_S3_REGION'
  | 'BLOBS_S3_ACCESS_KEY_ID'
  | 'BLOBS_S3_SECRET_ACCESS_KEY'
>;

/** The installation's one store: the bucket where one is named, else the folder. Opens no connection yet. */
export function openBlobStore(env: Settings): ReadableBlobStore {
  if (env.BLOBS_S3_BUCKET === undefined) return openFolderStore(env.BLOBS_DIR ?? env.MAINSPRING_HOME);
  const { BLOBS_S3_ACCESS_KEY_ID: accessKeyId, BLOBS_S3_SECRET_ACCESS_KEY: secretAccessKey } = env;
  return openS3Store({
    bucket: env.BLOBS_S3_BUCKET,
    endpoint: env.BLOBS_S3_ENDPOINT,
    region: env.BLOBS_S3_REGION,
    credentials: accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : undefined,
  });
}
