export type { Counts, JobContext, JobDefinition, JobResult, TenantOutcome } from './definition.ts';
export { errorText, forEachTenant, type JobTenant, listJobTenants, type TenantWork } from './for-each-tenant.ts';
