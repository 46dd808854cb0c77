import { z } from 'zod';
import { EVENT_STATUSES } from '#db/schema/index.ts';

export const EventFilter = z.object({
  status: z.enum(EVENT_STATUSES).optional(),
  key: z.string().min(1).max(1_024).optional(),
  type: z.string().min(1).max(200).optional(),
  /** An event's id, or how its key or its type begins. */
  search: z.string().trim().min(1).max(1_024).optional(),
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
export const EventDetail = EventItem.extend({
  payload: z.unknown(),
  headers: z.record(z.string(), z.string()),
  lane: z.number().int(),
});

export const OutboxSummary = z.object({
  pending: z.number().int(),
  processing: z.number().int(),
  published: z.number().int(),
  failed: z.number().int(),
  oldestPendingAgeSeconds: z.number().nullable(),
});

const WINDOWS = [15, 60, 360, 1_440] as const;
export const HistoryInput = z.object({
  /** How far back: a quarter of an hour, one, six or 24 hours. */
  minutes: z.coerce
    .number()
    .refine((minutes): minutes is (typeof WINDOWS)[number] => (WINDOWS as readonly number[]).includes(minutes), {
      message: `must be one of ${WINDOWS.join(', ')}`,
    })
    .default(60),
});
export type HistoryInput = z.infer<typeof HistoryInput>;

export const OutboxHistory = z.object({
  stepSeconds: z.number().int(),
  /** From old to new. What waited is null where nobody looked; ages are null where nothing was published. */
  points: z.array(
    z.object({
      at: z.string(),
      pending: z.number().int().nullable(),
      processing: z.number().int().nullable(),
      failed: z.number().int().nullable(),
      oldestPendingAgeSeconds: z.number().nullable(),
      published: z.number().int(),
      ageP50Ms: z.number().nullable(),
      ageP95Ms: z.number().nullable(),
      ageP99Ms: z.number().nullable(),
    }),
  ),
});

export const PublisherList = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      backend: z.string(),
      startedAt: z.string(),
      lastSeenAt: z.string(),
      /** Not heard of for 15 seconds. */
      isSilent: z.boolean(),
      /** Since when its backend has taken nothing from it, or from one of its lanes; null: it takes what it is sent. */
      failingSince: z.string().nullable(),
      lanes: z.array(z.number().int()),
    }),
  ),
  /** Lanes that nobody publishes at this moment. */
  unheldLanes: z.array(z.number().int()),
});

/**
 * Which failed events (to discard, by ids also ones that wait after a failure): by ids, or all that a filter names. Never both absent, and
 * no other name is passed over, which might have been meant to say less: nothing is requeued or discarded by accident.
 */
export const FailedInput = z
  .strictObject({
    ids: z.array(z.uuid()).min(1).max(500).optional(),
    filter: EventFilter.omit({ status: true }).strict().optional(),
    /** Counts only. */
    dryRun: z.boolean().default(false),
  })
  .refine((input) => (input.ids === undefined) !== (input.filter === undefined), 'give either ids or filter');
export type FailedInput = z.infer<typeof FailedInput>;

/** `remaining`: failed events that match and were beyond one call's 500; call again. */
export const FailedOutput = z.object({ changed: z.number().int(), remaining: z.number().int() });
