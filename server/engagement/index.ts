export { positiveOutcomesOf } from './queries.ts';
export { recomputeEngagement } from './recompute.ts';
export { engagementJob } from './recompute-job.ts';
export { engagementProcedures } from './router.ts';
export type { EngagementItem, EngagementSummary } from './schemas.ts';
