// THE list of cron jobs: the HTTP routes, node-cron in the worker, the pages and the chart all read it.
import { approvalsExpireJob } from '#server/approvals/index.ts';
import { engagementJob } from '#server/engagement/index.ts';
import { exportInteractionsJob } from '#server/exports/index.ts';
import { gitopsDriftCheckJob } from '#server/gitops/index.ts';
import type { JobDefinition } from '#server/jobs/index.ts';
import { ServiceError } from '#server/lib/index.ts';
import { scheduledRetrainsJob } from '#server/models/index.ts';
import { dsarPurgeJob } from '#server/retention/index.ts';
import { siemShipJob } from '#server/siem/index.ts';
import { cleanupJob } from './cleanup/cleanup-job.ts';
import type { JobsConfig } from './config.ts';
import { outboxReaperJob } from './outbox-reaper-job.ts';
import { tickJob } from './tick-job.ts';

export type CronJob = JobDefinition<JobsConfig>;

export const CRON_JOBS: readonly CronJob[] = [
  cleanupJob,
  tickJob,
  outboxReaperJob,
  engagementJob,
  gitopsDriftCheckJob,
  scheduledRetrainsJob,
  approvalsExpireJob,
  dsarPurgeJob,
  exportInteractionsJob,
  siemShipJob,
];

/** What of the given parameters the job knows: a caller's URL may carry anything, secrets too. */
export function paramsOf(job: CronJob, given: Readonly<Record<string, string>>): Record<string, string> {
  const known = new Set([...(job.options ?? []).map(({ name }) => name), ...(job.moreParams ?? [])]);
  return Object.fromEntries(Object.entries(given).filter(([name]) => known.has(name)));
}

/** @throws ServiceError JOB_NOT_FOUND */
export function findJob(name: string, jobs: readonly CronJob[] = CRON_JOBS): CronJob {
  const found = jobs.find((job) => job.name === name);
  if (found) return found;
  const names = jobs.map((job) => job.name).join(', ');
  throw new ServiceError('JOB_NOT_FOUND', `there is no cron job "${name.slice(0, 100)}"; the jobs are ${names}`);
}
