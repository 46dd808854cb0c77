// The one place that reads the environment. A bad value stops the boot with exit code 2 and names the variable.
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';

const seconds = (fallback: number, min = 1) => z.coerce.number().int().min(min).default(fallback);
const port = (fallback: number) => z.coerce.number().int().min(0).max(65_535).default(fallback);
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
  /** Names this process in leases and heartbeats. */
  PROCESS_NAME: z.string().default(`${hostname()}-${process.pid}`),
});
export type Environment = z.infer<typeof Environment> & { FILES_DIR: string };

/** @throws Error naming each bad variable, its value withheld, and what was expected. */
export function parseEnvironment(source: Record<string, string | undefined>): Environment {
  const given = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = Environment.safeParse(given);
  if (parsed.success)
    return { ...parsed.data, FILES_DIR: parsed.data.FILES_DIR ?? join(parsed.data.MAINSPRING_HOME, 'files') };
  const lines = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`bad environment\n  ${lines.join('\n  ')}`);
}

export const EXIT_BAD_ENVIRONMENT = 2;

function readOrExit(): Environment {
  try {
    return parseEnvironment(process.env);
  } catch (error) {
    process.stderr.write(`mainspring: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(EXIT_BAD_ENVIRONMENT);
  }
}

export const env: Environment = readOrExit();
