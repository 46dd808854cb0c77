import type { JobTenant } from './for-each-tenant.ts';

/**
 * The order for a job that one slow tenant can take all the time of: who never had a turn comes first, then whose last
 * one is the oldest. `lastAt` says when that was, as text that sorts by time (ISO 8601 in UTC), null for never.
 */
export async function oldestFirst(
  tenants: JobTenant[],
  lastAt: (tenantId: string) => Promise<string | null>,
): Promise<JobTenant[]> {
  const aged: { tenant: JobTenant; at: string }[] = [];
  for (const tenant of tenants) aged.push({ tenant, at: (await lastAt(tenant.id)) ?? '' });
  return aged.sort((a, b) => Number(a.at > b.at) - Number(a.at < b.at)).map(({ tenant }) => tenant);
}
