import { mutation, procedure, transacted, unlessAnswered } from '#server/procedure.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { storeAttachments } from './attachments.ts';
import { recordOutcome } from './record-outcome.ts';
import { respond } from './respond.ts';
import { OutcomeInput, OutcomeOutput, RespondInput, RespondOutput } from './schemas.ts';

// The hot path writes no audit row, only control-plane mutations do: the interaction is its own record. The action
// names it in metadata, as every mutation's does.
export const interactionProcedures = {
  respond: procedure
    .meta({
      rest: 'POST /respond',
      summary: 'Records an interaction with its decision trace and attachments and publishes its event.',
      scope: 'interactions:write',
      audit: 'interaction.record',
      status: 201,
      output: RespondOutput,
      errors: ['OUTBOX_EVENT_TOO_LARGE', 'OUTBOX_EVENT_REFUSED', 'OUTBOX_UNAVAILABLE', 'ATTACHMENT_STORE_UNAVAILABLE'],
    })
    .input(RespondInput)
    .use(unlessAnswered(({ attachments }: RespondInput) => attachments.length > 0))
    .use(async ({ ctx, input, next }) =>
      // Before the transaction: nothing outside the database is waited for inside.
      next({ ctx: { attachments: await storeAttachments(ctx as unknown as Ctx, input.attachments) } }),
    )
    .use(transacted)
    .mutation(({ ctx, input }) => respond(ctx, input, ctx.attachments)),
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
