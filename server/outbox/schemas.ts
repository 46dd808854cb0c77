import { z } from 'zod';
import { EVENT_STATUSES } from '#db/schema/index.ts';

export const EventFilter = z.object({
  status: z.enum(EVENT_STATUSES).optional(),
  key: z.string().min(1).max(1_024).optional(),
  type: z.string().min(1).max(200).optional(),
});
export type EventFilter = z.infer<typeof EventFilter>;

export const ListEventsInput = EventFilter.extend({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(200).optional(),
});
export type ListEventsInput = z.infer<typeof ListEventsInput>;

export const GetEventInput = z.object({ id: z.uuid() });

export const EventItem = z.object({
  id: z.string(),
  type: z.string(),
  key: z.string(),
  status: z.enum(EVENT_STATUSES),
  attempts: z.number().int(),
  requeueCount: z.number().int(),
  payloadBytes: z.number().int(),
  lastError: z.string().nullable(),
  errorId: z.string().nullable(),
  availableAt: z.string(),
  createdAt: z.string(),
  updatedAt: z.string(),
  publishedAt: z.string().nullable(),
  failedAt: z.string().nullable(),
});
export const EventPage = z.object({ items: z.array(EventItem), nextCursor: z.string().nullable() });
export const EventDetail = EventItem.extend({ payload: z.unknown(), headers: z.record(z.string(), z.string()) });

export const OutboxSummary = z.object({
  pending: z.number().int(),
  processing: z.number().int(),
  published: z.number().int(),
  failed: z.number().int(),
  oldestPendingAgeSeconds: z.number().nullable(),
});

/** Which failed events: by ids, or all that a filter names. Never both absent: nothing is requeued by accident. */
export const FailedInput = z
  .object({
    ids: z.array(z.uuid()).min(1).max(500).optional(),
    filter: EventFilter.omit({ status: true }).optional(),
    /** Counts only. */
    dryRun: z.boolean().default(false),
  })
  .refine((input) => (input.ids === undefined) !== (input.filter === undefined), 'give either ids or filter');
export type FailedInput = z.infer<typeof FailedInput>;

/** `remaining`: failed events that match and were beyond one call's 500; call again. */
export const FailedOutput = z.object({ changed: z.number().int(), remaining: z.number().int() });
