export { CRON_JOBS, type CronJob, type JobDependencies } from './jobs.ts';
export { cronRoutes } from './routes.ts';
