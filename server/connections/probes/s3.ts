import { ServiceError } from '#server/lib/index.ts';
import type { ConfigOf, SecretsOf } from '../kinds.ts';
import type { Probe } from './index.ts';

/** Asks for the bucket. The SDK is loaded here only: it is large, and most installations never need it. */
export const probeS3: Probe = async ({ config, secrets, outbound, deadlineMs }) => {
  const { S3Client, HeadBucketCommand } = await import('@aws-sdk/client-s3');
  const { endpoint, region, bucket, forcePathStyle } = config as ConfigOf<'s3'>;
  const { accessKeyId, secretAccessKey, sessionToken } = secrets as SecretsOf<'s3'>;
  const agents = outbound.agents('tenant');
  const client = new S3Client({
    ...{ region, forcePathStyle, maxAttempts: 1, ...(endpoint === undefined ? {} : { endpoint }) },
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
    // Guarded agents: the client follows what a region or an endpoint tells it only to public addresses.
    requestHandler: { httpAgent: agents.http, httpsAgent: agents.https, requestTimeout: deadlineMs },
  });
  try {
    await client.send(new HeadBucketCommand({ Bucket: bucket }), { abortSignal: AbortSignal.timeout(deadlineMs) });
    return `the bucket "${bucket}" is there`;
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    const name = error instanceof Error ? error.name : 'error';
    throw new ServiceError('OUTBOUND_UNREACHABLE', `the bucket "${bucket}" could not be asked for: ${name}`);
  } finally {
    client.destroy();
  }
};
