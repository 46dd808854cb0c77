// A tenant's quotas as the pages see them.
import type { Instant } from './wire.ts';

export interface Quota {
  used: number;
  limit: number;
}
export type QuotaName = 'pipelines' | 'schedules' | 'queuedRuns' | 'concurrentRuns';
export type LimitName = QuotaName | 'requestsPerSecond';
export interface Limits {
  requestsPerSecond: number;
  /** When they were last set; null: never. */
  updatedAt: Instant | null;
  quotas: Record<QuotaName, Quota>;
}

export interface LimitsApi {
  get(): Promise<Limits>;
  /** For the instance operator; null gives the installation's default back. */
  put(
    input: { tenant: string; ifUpdatedAt?: Instant | null } & Partial<Record<LimitName, number | null>>,
  ): Promise<Limits>;
}
