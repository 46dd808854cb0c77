import { counter, gauge, histogram } from '#server/lib/index.ts';

export const runsTotal = counter('cron_job_runs_total', 'Runs of cron jobs by outcome; skipped: another was at it', [
  'job',
  'outcome',
]);
export const runSeconds = histogram(
  'cron_job_duration_seconds',
  'Time one run of a cron job took',
  [0.01, 0.1, 0.5, 1, 5, 15, 60, 180, 600],
  ['job'],
);
export const lastSuccess = gauge(
  'cron_job_last_success_timestamp_seconds',
  'When this process last ended a run of the job without any error',
  ['job'],
);
export const tenantFailuresTotal = counter('cron_job_tenant_failures_total', 'Tenants for which a run failed', ['job']);
