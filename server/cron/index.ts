export { JOB_ANSWER_TIMEOUT_MS, type JobsConfig, jobsConfigOf, UNCONFIGURED_JOBS } from './config.ts';
export { CRON_JOBS, type CronJob, findJob } from './jobs.ts';
export { declareJobs, type FiredBy, type Plan, readPlan } from './plan.ts';
export { cronProcedures } from './router.ts';
export { cronRoutes } from './routes.ts';
export { type CronDependencies, type Firing, type JobAnswer, runJob } from './run-job.ts';
export { type JobSchedules, latestSlot, nextSlot, readJobSchedules } from './schedules.ts';
