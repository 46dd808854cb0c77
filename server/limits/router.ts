import { mutation, procedure } from '#server/procedure.ts';
import { LimitsOutput, PutLimitsInput } from './schemas.ts';
import { getLimits, putLimits } from './tenant-limits.ts';

export const limitProcedures = {
  get: procedure
    .meta({
      rest: 'GET /limits',
      summary: 'Tells what the tenant may, and how much of it is used.',
      scope: 'limits:read',
      output: LimitsOutput,
    })
    .query(({ ctx }) => getLimits(ctx)),
  put: mutation
    .meta({
      rest: 'PUT /instance/tenants/:tenant/limits',
      summary: 'Sets the limits of a tenant; null gives the default back, what is not named stays.',
      scope: 'instance:write',
      audience: 'instance',
      audit: 'limits.put',
      output: LimitsOutput,
      errors: ['TENANT_NOT_FOUND', 'VERSION_STALE'],
    })
    .input(PutLimitsInput)
    .mutation(({ ctx, input }) => putLimits(ctx, input)),
};
