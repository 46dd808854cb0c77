// What a tenant may, where nothing else was set for it. Far above what a team needs and below what would hurt others.

/** The names of the quotas, as errors and answers carry them. */
export const QUOTAS = ['pipelines', 'schedules', 'queuedRuns'] as const;
export type Quota = (typeof QUOTAS)[number];

export const DEFAULT_QUOTAS: Record<Quota, number> = {
  /** Not archived. */
  pipelines: 20_000,
  /** Enabled. */
  schedules: 20_000,
  /** Waiting or running; only runs that somebody asks for are refused, a schedule's never. */
  queuedRuns: 50_000,
};

/** Requests of one tenant in one process. */
export const TENANT_REQUESTS_PER_SECOND = 5_000;
/** Requests of one address that carry no credential, or a wrong one, in one process. */
export const ADDRESS_REQUESTS_PER_SECOND = 500;
/** A bucket holds this many seconds' worth. */
export const BURST_SECONDS = 2;
/** A tenant's own rate is read again after this long. */
export const RATE_REFRESH_MS = 30_000;
/** Addresses are anybody's to make up (IPv6): so many buckets are kept, then those that are full again go. */
export const MAX_BUCKETS = 50_000;
