export { type JobsConfig, jobsConfigOf, UNCONFIGURED_JOBS } from './config.ts';
export { CRON_JOBS, type CronJob, findJob } from './jobs.ts';
export { cronRoutes } from './routes.ts';
export { type CronDependencies, type Firing, type JobAnswer, runJob } from './run-job.ts';
