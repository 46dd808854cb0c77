// What the jobs need of the environment. Each job names its part in its own type; this is all of them.
import type { Environment } from '#server/env.ts';
import { type BlobStore, openBlobStore } from '#server/files/index.ts';

export type JobsConfig = {
  /** OUTBOX_REAPER_STALENESS_SECONDS as it was given. */
  outboxStaleness: string | undefined;
  /** Where exports are written and attachments lie; null: nowhere. */
  blobs: BlobStore | null;
};

/** How long a run that renews nothing keeps its lease. Unit: milliseconds; CRON_LEASE_SECONDS, default 30 s. */
export const DEFAULT_LEASE_MS = 30_000;
/** What a run that was told to stop may still take, before it is written off without its word. */
export const GRACE_MS = 10_000;

/** Every job with its defaults, and nothing outside the database configured. */
export const UNCONFIGURED_JOBS: JobsConfig = { outboxStaleness: undefined, blobs: null };

export const jobsConfigOf = (env: Environment): JobsConfig => ({
  outboxStaleness: env.OUTBOX_REAPER_STALENESS_SECONDS,
  blobs: openBlobStore(env),
});
