import { mutation, procedure } from '#server/procedure.ts';
import { StopInput, StoppedOutput, StopStateOutput } from './stop-schemas.ts';
import { resumeInstance, resumeTenant, stopInstance, stopState, stopTenant } from './stop-work.ts';

export const fleetProcedures = {
  stopState: procedure
    .meta({
      rest: 'GET /stop',
      summary: 'Tells whether all work is stopped, of the tenant or of the installation, by whom and why.',
      scope: 'stops:read',
      output: StopStateOutput,
    })
    .query(({ ctx }) => stopState(ctx)),
  stop: mutation
    .meta({
      rest: 'POST /stop',
      summary: 'Stops all work of the tenant: nothing is claimed or fired until it is resumed.',
      scope: 'stops:write',
      audit: 'work.stop',
      output: StoppedOutput,
    })
    .input(StopInput)
    .mutation(({ ctx, input }) => stopTenant(ctx, input)),
  resume: mutation
    .meta({
      rest: 'POST /resume',
      summary: 'Lets the work of the tenant go on; what fell due meanwhile was skipped.',
      scope: 'stops:write',
      audit: 'work.resume',
      output: StopStateOutput,
    })
    .mutation(({ ctx }) => resumeTenant(ctx)),
  stopInstance: mutation
    .meta({
      rest: 'POST /instance/stop',
      summary: 'Stops all work of all tenants.',
      scope: 'instance:write',
      audience: 'instance',
      audit: 'instance.stop',
      output: StoppedOutput,
    })
    .input(StopInput)
    .mutation(({ ctx, input }) => stopInstance(ctx, input)),
  resumeInstance: mutation
    .meta({
      rest: 'POST /instance/resume',
      summary: 'Lets the work of all tenants go on; a tenant that was stopped by itself stays so.',
      scope: 'instance:write',
      audience: 'instance',
      audit: 'instance.resume',
      output: StopStateOutput,
    })
    .mutation(({ ctx }) => resumeInstance(ctx)),
};
