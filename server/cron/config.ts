// What the jobs need of the environment. Each job names its part in its own type; this is all of them.
import type { Environment } from '#server/env.ts';
import { openBlobStore, type ReadableBlobStore } from '#server/files/index.ts';
import { createOutboundClient } from '#server/outbound/index.ts';
import { readSiemConfig, type SiemConfig } from '#server/siem/index.ts';
import { CLEANUP_DEFAULTS, type CleanupSettings } from './cleanup/settings.ts';

export type JobsConfig = {
  /** OUTBOX_REAPER_STALENESS_SECONDS as it was given. */
  outboxStaleness: string | undefined;
  /** Where exports are written and attachments and bundles lie; null: nowhere. */
  blobs: ReadableBlobStore | null;
  cleanup: CleanupSettings;
  siem: SiemConfig;
};

/** How long a run that renews nothing keeps its lease. Unit: milliseconds; CRON_LEASE_SECONDS, default 30 s. */
export const DEFAULT_LEASE_MS = 30_000;
/** For the pools of jobs: one statement of a job may take as long as the job. Above every job's time limit. */
export const JOB_ANSWER_TIMEOUT_MS = 660_000;
/** What a run that was told to stop may still take, before it is written off without its word. */
export const GRACE_MS = 10_000;

/** Every job with its defaults, and nothing outside the database configured. */
export const UNCONFIGURED_JOBS: JobsConfig = {
  outboxStaleness: undefined,
  blobs: null,
  cleanup: CLEANUP_DEFAULTS,
  siem: { skipped: 'SIEM_BACKEND is not set' },
};

/** @throws Error that names a variable which is missing. */
export const jobsConfigOf = (env: Environment): JobsConfig => ({
  outboxStaleness: env.OUTBOX_REAPER_STALENESS_SECONDS,
  blobs: openBlobStore(env),
  siem: readSiemConfig(env, createOutboundClient({ allowCidrs: [] })),
  cleanup: {
    ownerUrl: env.DATABASE_DIRECT_URL ?? env.DATABASE_URL ?? null,
    sessionDays: env.CLEANUP_SESSION_DAYS,
    linkDays: env.CLEANUP_LINK_DAYS,
    outboxDays: env.CLEANUP_OUTBOX_DAYS,
    runDays: env.CLEANUP_RUN_DAYS,
    dlqDays: env.CLEANUP_DLQ_DAYS,
    idempotencyDays: env.CLEANUP_IDEMPOTENCY_DAYS,
    cronRunDays: env.CLEANUP_CRON_RUN_DAYS,
    pruneMs: CLEANUP_DEFAULTS.pruneMs,
  },
});
