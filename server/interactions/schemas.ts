import { z } from 'zod';

const name = z.string().min(1).max(200);

/** What the tables hold: a text of many bytes may have few characters. */
const MAX_CUSTOMER_BYTES = 512;
const customerId = z
  .string()
  .min(1)
  .max(200)
  .refine((text) => Buffer.byteLength(text) <= MAX_CUSTOMER_BYTES, {
    error: ({ input }) =>
      `has ${Buffer.byteLength(String(input))} bytes in UTF-8, at most ${MAX_CUSTOMER_BYTES} are stored: ${JSON.stringify(input)}`,
  });

/** An offset may carry an instant out of the years that have four digits in UTC. */
const instant = z.iso.datetime({ offset: true }).refine((text) => isInYears(new Date(text)), {
  error: ({ input }) => `must lie in the years 0001 to 9999 in UTC, not ${JSON.stringify(input)}`,
});
const isInYears = (at: Date) => !Number.isNaN(at.getTime()) && at.getUTCFullYear() >= 1 && at.getUTCFullYear() <= 9_999;

const MAX_ATTACHMENTS = 10;
/** All of one interaction, decoded: in base64 they must fit into a request with the rest. */
export const MAX_ATTACHMENT_BYTES = 700_000;

export const AttachmentInput = z.object({
  name,
  contentType: z
    .string()
    .max(200)
    .regex(/^[\w.+-]+\/[\w.+-]+(\s*;.*)?$/, 'must be a media type such as text/plain'),
  contentBase64: z.base64(),
});
export type AttachmentInput = z.infer<typeof AttachmentInput>;

const sizeOf = (all: readonly AttachmentInput[]) =>
  all.reduce((sum, { contentBase64 }) => sum + Buffer.byteLength(contentBase64, 'base64'), 0);

export const RespondInput = z.object({
  customerId,
  offerId: name,
  channel: name,
  interactionType: name,
  /** When it happened; now when absent. */
  occurredAt: instant.optional(),
  context: z.record(z.string(), z.unknown()).default({}),
  /** Why this offer was made: kept beside the interaction, not in its event. */
  decisionTrace: z.record(z.string(), z.unknown()).optional(),
  attachments: z
    .array(AttachmentInput)
    .max(MAX_ATTACHMENTS)
    .refine((all) => sizeOf(all) <= MAX_ATTACHMENT_BYTES, {
      message: `attachments have at most ${MAX_ATTACHMENT_BYTES} bytes together, decoded`,
    })
    .default([]),
});
export type RespondInput = z.infer<typeof RespondInput>;
export const RespondOutput = z.object({ interactionId: z.string(), eventId: z.string() });

export const OutcomeInput = z.object({
  interactionId: z.uuid(),
  outcome: name,
  value: z.number().optional(),
  occurredAt: instant.optional(),
});
export type OutcomeInput = z.infer<typeof OutcomeInput>;
export const OutcomeOutput = z.object({ outcomeId: z.string(), eventId: z.string() });
