export { asTenantRole, findTenantData, type TenantData } from './as-tenant-role.ts';
export { type Actor, type ActorSession, actorName, type Ctx, INSTALLATION, type Role, type Tenant } from './context.ts';
export { createTenant, makeTenant } from './create-tenant.ts';
