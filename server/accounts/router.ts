import { mutation, procedure } from '#server/procedure.ts';
import { getMe, switchTenant } from './me.ts';
import { Me, SwitchTenantInput, SwitchTenantOutput } from './schemas.ts';

export const accountProcedures = {
  me: procedure
    .meta({
      rest: 'GET /me',
      summary: 'Tells whose the credential is, its tenant, role and scopes, and the tenants a person can switch to.',
      scope: 'account:read',
      audience: 'credential',
      output: Me,
    })
    .query(({ ctx }) => getMe(ctx)),
  switchTenant: mutation
    .meta({
      rest: 'POST /me/tenant',
      summary: "Moves this browser session to another of the person's tenants.",
      scope: 'account:write',
      audience: 'person',
      audit: 'session.switch',
      output: SwitchTenantOutput,
      errors: ['TENANT_NOT_FOUND'],
    })
    .input(SwitchTenantInput)
    .mutation(({ ctx, input }) => switchTenant(ctx, input)),
};
