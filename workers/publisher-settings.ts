import { openPool } from '#db/client.ts';
import type { Environment } from '#server/env.ts';
import type { Logger } from '#server/lib/index.ts';
import { createFilePublisher, LANES } from '#server/outbox/index.ts';
import type { PublisherConfig } from './publisher-loop.ts';

/** What the publisher is, wherever it runs. `url` is the worker role's. */
export function publisherSettings(
  env: Environment,
  url: string,
  log: Logger,
): Omit<PublisherConfig, 'name' | 'livenessFile' | 'onGivingUp'> {
  return {
    // A connection for each lane: a claim of one does not wait for another's.
    openPool: () =>
      openPool({ url, max: LANES, applicationName: 'mainspring publisher', prepare: !env.DATABASE_POOLED }),
    publisher: createFilePublisher({ dir: env.OUTBOX_FILE_DIR }),
    log,
    batchSize: env.OUTBOX_BATCH_SIZE,
    pollMs: env.OUTBOX_POLL_INTERVAL_MS,
    leaseMs: env.OUTBOX_LEASE_MS,
    maxAttempts: env.OUTBOX_MAX_ATTEMPTS,
    drainMs: env.OUTBOX_SHUTDOWN_DRAIN_TIMEOUT_MS,
    backoffMaxMs: env.OUTBOX_BACKOFF_MAX_MS,
  };
}
