import { z } from 'zod';

const name = z.string().min(1).max(200);

export const RespondInput = z.object({
  customerId: z.string().min(1).max(200),
  offerId: name,
  channel: name,
  interactionType: name,
  /** When it happened; now when absent. */
  occurredAt: z.iso.datetime({ offset: true }).optional(),
  context: z.record(z.string(), z.unknown()).default({}),
  /** Why this offer was made: kept beside the interaction, not in its event. */
  decisionTrace: z.record(z.string(), z.unknown()).optional(),
  attachments: z
    .array(z.unknown())
    .max(0, 'attachments are not taken in this release; send the interaction without them')
    .optional(),
});
export type RespondInput = z.infer<typeof RespondInput>;
export const RespondOutput = z.object({ interactionId: z.string(), eventId: z.string() });

export const OutcomeInput = z.object({
  interactionId: z.uuid(),
  outcome: name,
  value: z.number().optional(),
  occurredAt: z.iso.datetime({ offset: true }).optional(),
});
export type OutcomeInput = z.infer<typeof OutcomeInput>;
export const OutcomeOutput = z.object({ outcomeId: z.string(), eventId: z.string() });
