export { asTenantRole, findTenantData, type TenantData } from './as-tenant-role.ts';
export { type Actor, actorName, type Ctx, type Role, type Tenant } from './context.ts';
export { createTenant } from './create-tenant.ts';
