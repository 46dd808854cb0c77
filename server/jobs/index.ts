export { askForRun, CLAIM_LOCK } from './ask-for-run.ts';
export type { Counts, JobContext, JobDefinition, JobOption, JobResult, TenantOutcome } from './definition.ts';
export { errorText, forEachTenant, type JobTenant, listJobTenants, type TenantWork } from './for-each-tenant.ts';
export { oldestFirst } from './oldest-first.ts';
export { shareBudget, startBudget } from './time-budget.ts';
