export { recomputeEngagement } from './recompute.ts';
export { engagementProcedures } from './router.ts';
