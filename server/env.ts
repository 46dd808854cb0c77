// The one place that reads the environment. A bad value stops the boot with exit code 2 and names the variable.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';

const seconds = (fallback: number, min = 1) => z.coerce.number().int().min(min).default(fallback);
const milliseconds = (fallback: number, min: number) =>
  z.coerce.number().int().min(min).max(3_600_000).default(fallback);
const days = (fallback: number) => z.coerce.number().int().min(0).max(36_500).default(fallback);
const port = (fallback: number) => z.coerce.number().int().min(0).max(65_535).default(fallback);
const isCidr = (text: string) =>
  ipaddr.isValidCIDR(text.includes('/') ? text : `${text}/${text.includes(':') ? 128 : 32}`);
const isHostAndPort = (text: string) => /^(\[[0-9a-fA-F:]+\]|[\w.-]+):\d{1,5}$/.test(text);
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
const flag = z
  .enum(['true', 'false', '1', '0', ''])
  .default('')
  .transform((text) => text === 'true' || text === '1');

export const Environment = z.object({
  NODE_ENV: z.enum(['development', 'production', 'test']).default('production'),
  MAINSPRING_HOME: z
    .string()
    .default('.mainspring')
    .transform((path) => resolve(path)),
  /** The owner's URL; the app's and worker's are derived from it. Unset: bin/start runs an embedded server. */
  DATABASE_URL: z.string().optional(),
  /** Not through a pooler: for migrations and LISTEN. Default: DATABASE_URL. */
  DATABASE_DIRECT_URL: z.string().optional(),
  /** Set when DATABASE_URL goes through a transaction pooler: no prepared statements then. */
  DATABASE_POOLED: flag,
  ROLE_PREFIX: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,30}$/)
    .default('mainspring'),
  APP_POOL_SIZE: z.coerce.number().int().min(1).max(200).default(10),
  WORKER_POOL_SIZE: z.coerce.number().int().min(4).max(200).default(12),
  HOST: z.string().default('127.0.0.1'),
  PORT: port(3000),
  WORKER_HOST: z.string().default('127.0.0.1'),
  WORKER_PORT: port(3001),
  /** What browsers see; decides whether cookies are Secure and which Origin is ours. */
  PUBLIC_URL: z.url().optional(),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
  METRICS_PREFIX: z
    .string()
    .regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/)
    .default('mainspring_'),
  METRICS_TOKEN: z.string().min(16).optional(),
  /** A port of its own for /metrics, /log-level and probes, without a token: for a network that only you reach. */
  METRICS_PORT: z.coerce.number().int().min(1).max(65_535).optional(),
  WORKER_METRICS_PORT: z.coerce.number().int().min(1).max(65_535).optional(),
  METRICS_HOST: z.string().default('127.0.0.1'),
  CRON_SECRET: z.string().min(16).optional(),
  APP_PASSWORD: z.string().min(8).optional(),
  WORKER_PASSWORD: z.string().min(8).optional(),
  ENCRYPTION_KEY: z.string().min(32).optional(),
  /** Where tenants' inboxes lie: `<FILES_DIR>/<tenant slug>/…`. Default: `<MAINSPRING_HOME>/files`. */
  FILES_DIR: z.string().optional(),
  /** Set by bin/start: the worker drops fresh files into the demo tenant's inboxes. */
  DEMO: flag,
  SESSION_IDLE_SECONDS: seconds(43_200, 60),
  SESSION_LIFETIME_SECONDS: seconds(604_800, 60),
  /** Runs at once in one worker process. */
  RUNNER_CONCURRENCY: z.coerce.number().int().min(1).max(64).default(3),
  RUN_LEASE_SECONDS: seconds(30, 3),
  RUN_POLL_SECONDS: seconds(5),
  /** The scheduler sleeps until the next fire, at most this long. */
  TICK_MAX_SLEEP_SECONDS: seconds(15),
  SHUTDOWN_DRAIN_SECONDS: seconds(15),
  /** Who fires the wired jobs: node-cron in the worker, only outside callers, or both. */
  CRON_MODE: z.enum(['worker', 'http', 'both']).default('worker'),
  /** Changes when jobs fire: `cleanup=30 4 * * *;outboxReaper=off`, in UTC (server/cron/schedules.ts). */
  CRON_SCHEDULES: z.string().default(''),
  /** How long the cleanup job keeps things, in days; 0 keeps them for ever (server/cron/cleanup/settings.ts). */
  CLEANUP_SESSION_DAYS: days(30),
  CLEANUP_LINK_DAYS: days(30),
  CLEANUP_OUTBOX_DAYS: days(14),
  CLEANUP_RUN_DAYS: days(90),
  CLEANUP_DLQ_DAYS: days(30),
  /** At least 7: a client may repeat a request for so long and gets the first answer. */
  CLEANUP_IDEMPOTENCY_DAYS: days(30).refine((count) => count === 0 || count >= 7, 'must be 0 or at least 7'),
  CLEANUP_CRON_RUN_DAYS: days(90),
  /** Where the siem-ship job ships the audit log: splunk, datadog or elastic (server/siem/config.ts). */
  SIEM_BACKEND: z.string().optional(),
  SIEM_ENDPOINT: z.string().optional(),
  SIEM_API_KEY: z.string().optional(),
  SIEM_INDEX: z.string().optional(),
  SIEM_SOURCETYPE: z.string().optional(),
  /** A cron job whose process is silent for so long is taken over. */
  CRON_LEASE_SECONDS: seconds(30, 3),
  /** For tests: a cron job that reaches this point kills its process (server/cron/fail-point.ts). */
  FAIL_POINT: z.string().optional(),
  /** The co-located publisher of the worker; false where workers/outbox-publisher.ts runs as a process of its own. */
  OUTBOX_IN_WORKER: z
    .enum(['true', 'false', '1', '0'])
    .default('true')
    .transform((text) => text === 'true' || text === '1'),
  /** Cadence on idle; a full batch is followed at once. */
  OUTBOX_POLL_INTERVAL_MS: milliseconds(2_000, 10),
  OUTBOX_BATCH_SIZE: z.coerce.number().int().min(1).max(5_000).default(500),
  OUTBOX_MAX_ATTEMPTS: z.coerce.number().int().min(1).max(1_000).default(10),
  /** A dead publisher's lanes are taken over after it. */
  OUTBOX_LEASE_MS: milliseconds(10_000, 500),
  /** The longest wait between failed ticks. */
  OUTBOX_BACKOFF_MAX_MS: milliseconds(2_000, 10),
  OUTBOX_SHUTDOWN_DRAIN_TIMEOUT_MS: milliseconds(15_000, 100),
  /** Touched after every completed turn of the process; a probe fails when it is older than 90 s. */
  OUTBOX_LIVENESS_FILE: z.string().default('/tmp/outbox-publisher.alive'),
  EVENT_PUBLISHER: z.enum(['file', 'kafka', 'webhook']).default('file'),
  /** Where the file publisher writes. Default: `<MAINSPRING_HOME>/outbox`. */
  OUTBOX_FILE_DIR: z.string().optional(),
  /** host:port of some brokers, by commas. */
  KAFKA_BROKERS: z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((broker) => broker.trim())
        .filter((broker) => broker !== ''),
    )
    .refine((brokers) => brokers.every(isHostAndPort), 'must be host:port, separated by commas'),
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
  /** Where the webhook publisher posts to; it is the operator's, so it may be in a private network. */
  OUTBOX_WEBHOOK_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** `whsec_` and 24 to 64 random bytes in base64, as Standard Webhooks has them. */
  OUTBOX_WEBHOOK_SECRET: z.string().refine(isWebhookSecret, 'must be "whsec_" and 24 to 64 bytes in base64').optional(),
  /** Checked where it is used: what is no positive whole number falls back to 300 with a warning. */
  OUTBOX_REAPER_STALENESS_SECONDS: z.string().optional(),
  /** Opened by earlier values of ENCRYPTION_KEY: what the old one sealed can be opened until the next rotation. */
  ENCRYPTION_KEY_OLD: z.string().min(32).optional(),
  /** Requests of one tenant that one web process takes in a second; a tenant's own limit goes before it. */
  RATE_LIMIT_TENANT_PER_SECOND: z.coerce.number().int().min(1).max(1_000_000).default(5_000),
  /** The same for one address without a credential. */
  RATE_LIMIT_ADDRESS_PER_SECOND: z.coerce.number().int().min(1).max(1_000_000).default(500),
  /** Proxies of yours before the web process; so many last entries of X-Forwarded-For are believed. */
  TRUSTED_PROXY_HOPS: z.coerce.number().int().min(0).max(10).default(0),
  /** Ranges outside the internet that addresses set by tenants may lie in, by commas: `10.1.0.0/16,192.168.7.4`. */
  OUTBOUND_ALLOW_CIDRS: z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((range) => range.trim())
        .filter((range) => range !== ''),
    )
    .refine((ranges) => ranges.every(isCidr), 'must be ranges such as 10.1.0.0/16, separated by commas'),
  /** Blobs (exports, attachments) lie in this folder, or in the bucket below when one is named. Default: MAINSPRING_HOME. */
  BLOBS_DIR: z.string().optional(),
  BLOBS_S3_BUCKET: z.string().min(3).optional(),
  /** Where the bucket is; absent: AWS. GCS and others by their S3 endpoint. */
  BLOBS_S3_ENDPOINT: z.url().optional(),
  BLOBS_S3_REGION: z.string().default('us-east-1'),
  /** Absent: the SDK's own chain of credentials. */
  BLOBS_S3_ACCESS_KEY_ID: z.string().optional(),
  BLOBS_S3_SECRET_ACCESS_KEY: z.string().optional(),
  /** smtp:// or smtps://, with user and password where asked for. Absent: alerts and reports cannot be mailed. */
  SMTP_URL: z.url({ protocol: /^smtps?$/ }).optional(),
  MAIL_FROM: z.string().min(3).max(300).default('mainspring@localhost'),
  /** Called every minute while database, scheduler and runner are well; it is the operator's, so it may be private. */
  HEARTBEAT_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** The secret of the legacy POST /api/cron/tick, beside CRON_SECRET. */
  CRON_TOKEN: z.string().min(16, 'must have at least 16 characters').optional(),
  /** Sign-in by an OpenID Connect provider, with PUBLIC_URL/oidc/callback as its redirect address. All three or none. */
  OIDC_ISSUER: z.url({ protocol: /^https?$/ }).optional(),
  OIDC_CLIENT_ID: z.string().optional(),
  OIDC_CLIENT_SECRET: z.string().optional(),
  /** On the button of the sign-in page. */
  OIDC_NAME: z.string().max(60).default('single sign-on'),
  /** Names this process in leases and heartbeats. */
  PROCESS_NAME: z.string().default(`${hostname()}-${process.pid}`),
});
/** What a setting asks of others; the issue names the variable that is missing. */
function missingWith(env: z.infer<typeof Environment>): [name: string, because: string][] {
  const missing: [string, string][] = [];
  const need = (name: keyof typeof env, isThere: boolean, because: string) => {
    if (!isThere) missing.push([name, because]);
  };
  if (env.EVENT_PUBLISHER === 'kafka')
    need('KAFKA_BROKERS', env.KAFKA_BROKERS.length > 0, 'must be set when EVENT_PUBLISHER is "kafka"');
  if (env.EVENT_PUBLISHER === 'webhook') {
    need('OUTBOX_WEBHOOK_URL', !!env.OUTBOX_WEBHOOK_URL, 'must be set when EVENT_PUBLISHER is "webhook"');
    need('OUTBOX_WEBHOOK_SECRET', !!env.OUTBOX_WEBHOOK_SECRET, 'must be set when EVENT_PUBLISHER is "webhook"');
  }
  if (!!env.BLOBS_S3_ACCESS_KEY_ID !== !!env.BLOBS_S3_SECRET_ACCESS_KEY)
    need('BLOBS_S3_ACCESS_KEY_ID', false, 'and BLOBS_S3_SECRET_ACCESS_KEY must be set together');
  for (const name of ['OIDC_ISSUER', 'OIDC_CLIENT_ID', 'OIDC_CLIENT_SECRET'] as const)
    if (env.OIDC_ISSUER || env.OIDC_CLIENT_ID || env.OIDC_CLIENT_SECRET)
      need(name, !!env[name], 'must be set, as OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET go together');
  if (env.KAFKA_SSL_CA_FILE) need('KAFKA_SSL', env.KAFKA_SSL, 'must be true with KAFKA_SSL_CA_FILE');
  if (env.KAFKA_SASL_MECHANISM) {
    need('KAFKA_SASL_USERNAME', !!env.KAFKA_SASL_USERNAME, 'must be set with KAFKA_SASL_MECHANISM');
    need('KAFKA_SASL_PASSWORD', !!env.KAFKA_SASL_PASSWORD, 'must be set with KAFKA_SASL_MECHANISM');
  } else if (env.KAFKA_SASL_USERNAME || env.KAFKA_SASL_PASSWORD)
    missing.push(['KAFKA_SASL_MECHANISM', 'must be set with KAFKA_SASL_USERNAME']);
  return missing;
}

export type Environment = z.infer<typeof Environment> & { FILES_DIR: string; OUTBOX_FILE_DIR: string };

/** @throws Error naming each bad variable, its value withheld, and what was expected. */
export function parseEnvironment(source: Record<string, string | undefined>): Environment {
  const given = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = Environment.safeParse(given);
  const missing = parsed.success ? missingWith(parsed.data) : [];
  if (parsed.success && missing.length === 0) {
    const { MAINSPRING_HOME: home, FILES_DIR, OUTBOX_FILE_DIR } = parsed.data;
    return {
      ...parsed.data,
      FILES_DIR: FILES_DIR ?? join(home, 'files'),
      OUTBOX_FILE_DIR: OUTBOX_FILE_DIR ?? join(home, 'outbox'),
    };
  }
  const issues = (parsed.error?.issues ?? []).map((issue) => [issue.path.join('.'), issue.message]);
  const lines = [...issues, ...missing].map((issue) => issue.join(': '));
  throw new Error(`bad environment\n  ${lines.join('\n  ')}`);
}

export const EXIT_BAD_ENVIRONMENT = 2;

/** Runs what can find the environment bad; an error there ends the process with exit code 2 and its message. */
export function orBadEnvironment<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    process.stderr.write(`mainspring: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(EXIT_BAD_ENVIRONMENT);
  }
}

export const env: Environment = orBadEnvironment(() => parseEnvironment(process.env));

const SECRET_NAME = /(SECRET|PASSWORD|TOKEN|_KEY|_KEY_OLD)$/;
const URL_NAME = /_URL$/;

/** Every value that is a secret, by the names of the variables, for what must never appear in a log. */
export const secretsOf = (from: Environment): string[] =>
  Object.entries(from).flatMap(([name, value]) => {
    if (typeof value !== 'string' || value === '') return [];
    if (SECRET_NAME.test(name)) return [value];
    return URL_NAME.test(name) ? passwordOf(value) : [];
  });

function passwordOf(url: string): string[] {
  const { username = '', password = '' } = URL.parse(url) ?? {};
  // A user alone may be a token, as in https://token@host; with a password it is a name.
  return [password === '' ? username : password].filter((text) => text !== '').map(decodeURIComponent);
}
