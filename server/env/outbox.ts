// The outbox's publisher, and where it publishes to.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { flag, flagOn, list, type Missing, milliseconds } from './values.ts';

const isHostAndPort = (text: string) => {
  const [, port = ''] = /^(?:\[[0-9a-fA-F:]+\]|[\w.-]+):(\d{1,5})$/.exec(text) ?? [];
  return Number(port) >= 1 && Number(port) <= 65_535;
};
const isWebhookSecret = (text: string) => {
  const bytes = Buffer.from(text.replace(/^whsec_/, ''), 'base64').byteLength;
  return /^(whsec_)?[A-Za-z0-9+/]+={0,2}$/.test(text) && bytes >= 24 && bytes <= 64;
};
/** Read at the start, so that a wrong path is found before the first event waits for it. */
const holdsCertificate = (path: string) => {
  try {
    return new X509Certificate(readFileSync(path)).subject !== undefined;
  } catch {
    return false;
  }
};

export const OUTBOX = {
  /** The co-located publisher of the worker; false where workers/outbox-publisher.ts runs as a process of its own. */
  OUTBOX_IN_WORKER: flagOn,
  /**
   * Cadence on idle; a full batch is followed at once. A publisher signs on once per interval: not heard of for 15 s it
   * counts as silent, and for a lease as dead.
   */
  OUTBOX_POLL_INTERVAL_MS: milliseconds(2_000, 10, 10_000),
  OUTBOX_BATCH_SIZE: z.coerce.number().int().min(1).max(5_000).default(500),
  OUTBOX_MAX_ATTEMPTS: z.coerce.number().int().min(1).max(1_000).default(10),
  /** A dead publisher's lanes are taken over after it. */
  OUTBOX_LEASE_MS: milliseconds(10_000, 500),
  /** The longest wait between failed ticks; well below the 90 s after which a probe ends the process. */
  OUTBOX_BACKOFF_MAX_MS: milliseconds(2_000, 10, 60_000),
  OUTBOX_SHUTDOWN_DRAIN_TIMEOUT_MS: milliseconds(15_000, 100),
  /** Touched after every turn that came to an end, with or without an error; a probe fails when it is older than 90 s. */
  OUTBOX_LIVENESS_FILE: z.string().default('/tmp/outbox-publisher.alive'),
  EVENT_PUBLISHER: z.enum(['file', 'kafka', 'webhook']).default('file'),
  /** Where the file publisher writes. Default: `<MAINSPRING_HOME>/outbox`. */
  OUTBOX_FILE_DIR: z.string().optional(),
  /** host:port of some brokers, by commas. */
  KAFKA_BROKERS: list(isHostAndPort, 'must be host:port with a port from 1 to 65535, separated by commas'),
  KAFKA_CLIENT_ID: z
    .string()
    .regex(/^[\w.-]{1,200}$/, 'must be 1 to 200 letters, digits, dots, hyphens and underscores')
    .default('mainspring'),
  KAFKA_SSL: flag,
  /** A file in PEM: the authorities that may have signed the brokers' certificates, instead of the system's. */
  KAFKA_SSL_CA_FILE: z
    .string()
    .optional()
    .refine((path) => path === undefined || holdsCertificate(path), 'must be a readable file with certificates in PEM'),
  KAFKA_SASL_MECHANISM: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).optional(),
  KAFKA_SASL_USERNAME: z.string().optional(),
  KAFKA_SASL_PASSWORD: z.string().optional(),
  /** A broker that does not answer within it gets a new connection. */
  KAFKA_REQUEST_TIMEOUT_MS: milliseconds(5_000, 100),
  /** The topic of an event: `{type}` and `{tenant}` stand for its type and its tenant's id. */
  OUTBOX_TOPIC: z
    .string()
    .default('{type}')
    .refine(
      (template) => /^[a-zA-Z0-9._-]{1,249}$/.test(template.replaceAll(/\{(type|tenant)\}/g, 'x')),
      'must be letters, digits, dots, hyphens and underscores, with {type} and {tenant} in it if you like',
    ),
  /**
   * Where the webhook publisher posts to; it is the operator's, so it may be in a private network. What server/outbound
   * refuses at every send, the publisher refuses at its start.
   */
  OUTBOX_WEBHOOK_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** `whsec_` and 24 to 64 random bytes in base64, as Standard Webhooks has them. */
  OUTBOX_WEBHOOK_SECRET: z.string().refine(isWebhookSecret, 'must be "whsec_" and 24 to 64 bytes in base64').optional(),
  /** Checked where it is used: what is no positive whole number falls back to 300 with a warning. */
  OUTBOX_REAPER_STALENESS_SECONDS: z.string().optional(),
};

/** What the chosen publisher needs and does not have. */
export function missingForOutbox(env: z.infer<z.ZodObject<typeof OUTBOX>>): Missing[] {
  const missing: Missing[] = [];
  const need = (name: keyof typeof env, isThere: boolean, because: string) => {
    if (!isThere) missing.push([name, because]);
  };
  need(
    'OUTBOX_POLL_INTERVAL_MS',
    env.OUTBOX_POLL_INTERVAL_MS <= env.OUTBOX_LEASE_MS / 2,
    `${env.OUTBOX_POLL_INTERVAL_MS} must be at most half of OUTBOX_LEASE_MS, ${env.OUTBOX_LEASE_MS}: publishers would take each other for dead`,
  );
  if (env.EVENT_PUBLISHER === 'kafka')
    need('KAFKA_BROKERS', env.KAFKA_BROKERS.length > 0, 'must be set when EVENT_PUBLISHER is "kafka"');
  if (env.EVENT_PUBLISHER === 'webhook') {
    need('OUTBOX_WEBHOOK_URL', !!env.OUTBOX_WEBHOOK_URL, 'must be set when EVENT_PUBLISHER is "webhook"');
    need('OUTBOX_WEBHOOK_SECRET', !!env.OUTBOX_WEBHOOK_SECRET, 'must be set when EVENT_PUBLISHER is "webhook"');
  }
  if (env.KAFKA_SSL_CA_FILE) need('KAFKA_SSL', env.KAFKA_SSL, 'must be true with KAFKA_SSL_CA_FILE');
  if (env.KAFKA_SASL_MECHANISM) {
    need('KAFKA_SASL_USERNAME', !!env.KAFKA_SASL_USERNAME, 'must be set with KAFKA_SASL_MECHANISM');
    need('KAFKA_SASL_PASSWORD', !!env.KAFKA_SASL_PASSWORD, 'must be set with KAFKA_SASL_MECHANISM');
  } else if (env.KAFKA_SASL_USERNAME || env.KAFKA_SASL_PASSWORD)
    missing.push(['KAFKA_SASL_MECHANISM', 'must be set with KAFKA_SASL_USERNAME']);
  return missing;
}
