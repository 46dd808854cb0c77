// The installation: where it lives, its database, its ports, and the secrets of its own doors.
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';
import { databaseUrlProblem } from './database-url.ts';
import { flag, port, portIfNamed, seconds } from './values.ts';

const databaseUrl = z.string().superRefine((text, ctx) => {
  const problem = databaseUrlProblem(text);
  if (problem !== null) ctx.addIssue(problem);
});

export const INSTALLATION = {
  NODE_ENV: z.enum(['development', 'production', 'test']).default('production'),
  MAINSPRING_HOME: z
    .string()
    .default('.mainspring')
    .transform((path) => resolve(path)),
  /** The owner's URL; the app's and worker's are derived from it. Unset: bin/start runs an embedded server. */
  DATABASE_URL: databaseUrl.optional(),
  /** Not through a pooler: for migrations and LISTEN. Default: DATABASE_URL. */
  DATABASE_DIRECT_URL: databaseUrl.optional(),
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
  METRICS_PORT: portIfNamed,
  WORKER_METRICS_PORT: portIfNamed,
  /** The only port of a publisher that runs by itself. */
  PUBLISHER_METRICS_PORT: portIfNamed,
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
  /** Opened by earlier values of ENCRYPTION_KEY: what the old one sealed can be opened until the next rotation. */
  ENCRYPTION_KEY_OLD: z.string().min(32).optional(),
  /** The secret of the legacy POST /api/cron/tick, beside CRON_SECRET. */
  CRON_TOKEN: z.string().min(16, 'must have at least 16 characters').optional(),
  /** Names this process in leases and heartbeats. */
  PROCESS_NAME: z.string().default(`${hostname()}-${process.pid}`),
};
