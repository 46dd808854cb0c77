import { mutation } from '#server/procedure.ts';
import { recordOutcome } from './record-outcome.ts';
import { respond } from './respond.ts';
import { OutcomeInput, OutcomeOutput, RespondInput, RespondOutput } from './schemas.ts';

// The hot path writes no audit row, only control-plane mutations do: the interaction is its own record. The action
// names it in metadata, as every mutation's does.
export const interactionProcedures = {
  respond: mutation
    .meta({
      rest: 'POST /respond',
      summary: 'Records an interaction with its decision trace and publishes its event.',
      scope: 'interactions:write',
      audit: 'interaction.record',
      status: 201,
      output: RespondOutput,
      errors: ['OUTBOX_EVENT_TOO_LARGE', 'OUTBOX_EVENT_REFUSED', 'OUTBOX_UNAVAILABLE'],
    })
    .input(RespondInput)
    .mutation(({ ctx, input }) => respond(ctx, input)),
  recordOutcome: mutation
    .meta({
      rest: 'POST /outcomes',
      summary: 'Records the outcome of an interaction and publishes its event.',
      scope: 'interactions:write',
      audit: 'outcome.record',
      status: 201,
      output: OutcomeOutput,
      errors: ['INTERACTION_NOT_FOUND', 'OUTBOX_EVENT_TOO_LARGE', 'OUTBOX_EVENT_REFUSED', 'OUTBOX_UNAVAILABLE'],
    })
    .input(OutcomeInput)
    .mutation(({ ctx, input }) => recordOutcome(ctx, input)),
};
