// Runs, the scheduler and the cron jobs.
import { z } from 'zod';
import { days, seconds } from './values.ts';

export const WORK = {
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
  /** For tests: a cron job or alert that reaches this point kills its process (server/lib/fail-point.ts). */
  FAIL_POINT: z.string().optional(),
};
