// Cron jobs and their runs as the pages see them.
import type { Instant, Page, PageInput } from './wire.ts';

/** `partial`: some tenants failed. `abandoned`: its process went silent or was stopped. */
export type CronOutcome = 'running' | 'succeeded' | 'partial' | 'failed' | 'abandoned';

export interface CronTenantOutcome {
  tenantId: string;
  tenant: string;
  ok: boolean;
  counts: Record<string, number>;
  errors: string[];
}

export interface CronRun {
  id: string;
  job: string;
  slot: Instant | null;
  trigger: 'schedule' | 'http' | 'operator';
  requestedBy: string;
  params: Record<string, string>;
  attempt: number;
  processId: string;
  startedAt: Instant;
  finishedAt: Instant | null;
  outcome: CronOutcome;
  isSilent: boolean;
  counts: Record<string, number>;
  error: string | null;
  perTenant: CronTenantOutcome[];
}

/** A parameter of a run: a flag is sent as `1`, an instant as ISO 8601 in UTC. */
export interface CronJobOption {
  name: string;
  label: string;
  kind: 'flag' | 'instant';
}

export interface CronJob {
  name: string;
  path: string;
  summary: string;
  /** In UTC; null: nothing here fires it. */
  schedule: string | null;
  scheduleInWords: string | null;
  defaultSchedule: string | null;
  recommended: string | null;
  /** Null: no worker has started yet. */
  firedBy: 'worker' | 'http' | 'both' | null;
  isSelfTimed: boolean;
  nextFireAt: Instant | null;
  options: CronJobOption[];
  isRequested: boolean;
  lastRun: CronRun | null;
  recentOutcomes: { id: string; outcome: CronOutcome; startedAt: Instant }[];
}

export interface CronApi {
  listJobs(): Promise<{ items: CronJob[]; mayRun: boolean }>;
  listRuns(input: PageInput & { job: string }): Promise<Page<CronRun>>;
  runNow(input: { job: string; params: Record<string, string> }): Promise<{ requestId: string; job: string }>;
}
