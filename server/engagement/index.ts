export { positiveOutcomesOf } from './queries.ts';
export { recomputeEngagement } from './recompute.ts';
export { engagementJob } from './recompute-job.ts';
export { engagementProcedures } from './router.ts';
