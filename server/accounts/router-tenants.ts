// What the instance operator does above the tenants, signed in; no key can.
import { mutation, procedure } from '#server/procedure.ts';
import { makeInstanceResetLink } from './reset-password.ts';
import {
  CreateTenantInput,
  CreateTenantOutput,
  InstanceResetLinkInput,
  InviteAdminInput,
  InviteOutput,
  ListTenantsInput,
  ResetLinkOutput,
  SuspendInput,
  TenantById,
  TenantOutput,
  TenantPage,
} from './schemas.ts';
import { createTenantWithAdmin, inviteTenantAdmin, listTenants, setTenantSuspended } from './tenants.ts';

const read = { scope: 'tenants:read', audience: 'instance' } as const;
const write = { scope: 'tenants:write', audience: 'instance' } as const;
const shownOnce = { output: ['linkPath'] };

export const tenantProcedures = {
  tenants: procedure
    .meta({
      ...read,
      rest: 'GET /tenants',
      summary: 'Lists all tenants of the installation by slug.',
      output: TenantPage,
    })
    .input(ListTenantsInput)
    .query(({ ctx, input }) => listTenants(ctx, input)),
  createTenant: mutation
    .meta({
      ...{ ...write, rest: 'POST /tenants', audit: 'tenant.create', status: 201, output: CreateTenantOutput },
      summary: 'Makes a tenant with its database schema and an invite for its first admin, whose link is shown once.',
      ...{ secrets: shownOnce, errors: ['TENANT_SLUG_TAKEN'] },
    })
    .input(CreateTenantInput)
    .mutation(({ ctx, input }) => createTenantWithAdmin(ctx, input)),
  suspendTenant: mutation
    .meta({
      ...{ ...write, rest: 'POST /tenants/:id/suspend', audit: 'tenant.suspend', output: TenantOutput },
      ...{ summary: "Shuts a tenant's people and keys out, from their next request on.", errors: ['TENANT_NOT_FOUND'] },
    })
    .input(SuspendInput)
    .mutation(({ ctx, input }) => setTenantSuspended(ctx, input)),
  resumeTenant: mutation
    .meta({
      ...{ ...write, rest: 'POST /tenants/:id/resume', audit: 'tenant.resume', output: TenantOutput },
      ...{ summary: "Lets a suspended tenant's people and keys in again.", errors: ['TENANT_NOT_FOUND'] },
    })
    .input(TenantById)
    .mutation(({ ctx, input }) => setTenantSuspended(ctx, { ...input, reason: null })),
  inviteTenantAdmin: mutation
    .meta({
      ...{ ...write, rest: 'POST /tenants/:id/admin-invites', audit: 'tenant.invite', status: 201 },
      ...{ output: InviteOutput, secrets: shownOnce, errors: ['TENANT_NOT_FOUND', 'USER_ALREADY_MEMBER'] },
      summary: "Invites an admin into any tenant, for when the first one's link was lost. The link is shown once.",
    })
    .input(InviteAdminInput)
    .mutation(({ ctx, input }) => inviteTenantAdmin(ctx, input)),
  instanceResetLink: mutation
    .meta({
      ...{ ...write, rest: 'POST /reset-links', audit: 'user.reset', status: 201, output: ResetLinkOutput },
      summary: 'Makes a link by which any account of the installation gets a new password. It is shown once.',
      ...{ secrets: shownOnce, errors: ['USER_NOT_FOUND'] },
    })
    .input(InstanceResetLinkInput)
    .mutation(({ ctx, input }) => makeInstanceResetLink(ctx, input)),
};
