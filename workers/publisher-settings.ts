import { readFileSync } from 'node:fs';
import { openPool } from '#db/client.ts';
import type { Environment } from '#server/env.ts';
import type { Logger } from '#server/lib/index.ts';
import { createOutboundClient, operatorUrlProblem } from '#server/outbound/index.ts';
import {
  createFilePublisher,
  createKafkaPublisher,
  createWebhookPublisher,
  type EventPublisher,
} from '#server/outbox/index.ts';
import { type PublisherConfig, STOP_GRACE_MS } from './publisher-loop.ts';
import { PUBLISHER_CONNECTIONS } from './publisher-pools.ts';

/**
 * Found at the start, not by the first event. Where parseEnvironment stands, server/outbound is not known yet.
 * @throws Error naming the variable, its value withheld, when every request to the webhook would be refused
 */
export function requireWebhookUrl(env: Pick<Environment, 'OUTBOX_WEBHOOK_URL' | 'OUTBOUND_ALLOW_CIDRS'>): void {
  const { OUTBOX_WEBHOOK_URL: url, OUTBOUND_ALLOW_CIDRS: allowed } = env;
  const problem = url === undefined ? null : operatorUrlProblem(url, allowed);
  if (problem !== null) throw new Error(`bad environment\n  OUTBOX_WEBHOOK_URL: ${problem}`);
}

/** What the publisher is, wherever it runs. `url` is the worker role's. */
export function publisherSettings(
  env: Environment,
  url: string,
  log: Logger,
): Omit<PublisherConfig, 'name' | 'livenessFile' | 'onGivingUp'> {
  return {
    openPool: () =>
      openPool({
        ...{ url, max: PUBLISHER_CONNECTIONS, applicationName: 'mainspring publisher' },
        prepare: !env.DATABASE_POOLED,
      }),
    publisher: openPublisher(env),
    log,
    batchSize: env.OUTBOX_BATCH_SIZE,
    pollMs: env.OUTBOX_POLL_INTERVAL_MS,
    leaseMs: env.OUTBOX_LEASE_MS,
    maxAttempts: env.OUTBOX_MAX_ATTEMPTS,
    drainMs: env.OUTBOX_SHUTDOWN_DRAIN_TIMEOUT_MS,
    backoffMaxMs: env.OUTBOX_BACKOFF_MAX_MS,
  };
}

type Drains = Pick<Environment, 'OUTBOX_SHUTDOWN_DRAIN_TIMEOUT_MS' | 'SHUTDOWN_DRAIN_SECONDS' | 'OUTBOX_IN_WORKER'>;

/** How long a publisher's stop may take. */
export const publisherStopMs = (env: Pick<Drains, 'OUTBOX_SHUTDOWN_DRAIN_TIMEOUT_MS'>): number =>
  env.OUTBOX_SHUTDOWN_DRAIN_TIMEOUT_MS + STOP_GRACE_MS;

/** When a worker that is stopping is ended: after its runs' drain and its publisher's, whichever is longer. */
export const workerStopMs = (env: Drains): number =>
  Math.max(env.SHUTDOWN_DRAIN_SECONDS * 1_000 + 5_000, env.OUTBOX_IN_WORKER ? publisherStopMs(env) + 3_000 : 0);

/** What stands behind the lanes; parseEnvironment has seen to it that what it needs is there. */
function openPublisher(env: Environment): EventPublisher {
  switch (env.EVENT_PUBLISHER) {
    case 'file':
      return createFilePublisher({ dir: env.OUTBOX_FILE_DIR });
    case 'kafka':
      return createKafkaPublisher({
        brokers: env.KAFKA_BROKERS,
        clientId: env.KAFKA_CLIENT_ID,
        ssl: env.KAFKA_SSL ? { ca: env.KAFKA_SSL_CA_FILE ? readFileSync(env.KAFKA_SSL_CA_FILE, 'utf8') : null } : null,
        sasl: saslOf(env),
        requestTimeoutMs: env.KAFKA_REQUEST_TIMEOUT_MS,
        topic: env.OUTBOX_TOPIC,
      });
    case 'webhook':
      return createWebhookPublisher({
        client: createOutboundClient({ allowCidrs: env.OUTBOUND_ALLOW_CIDRS }),
        url: env.OUTBOX_WEBHOOK_URL ?? '',
        secret: env.OUTBOX_WEBHOOK_SECRET ?? '',
      });
  }
}

function saslOf(env: Environment) {
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password } = env;
  return mechanism && username && password ? { mechanism, username, password } : null;
}
