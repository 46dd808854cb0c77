import { mutation, procedure } from '#server/procedure.ts';
import { getEvent, getSummary, listEvents } from './read-events.ts';
import { getHistory } from './read-history.ts';
import { listPublishers } from './read-publishers.ts';
import {
  EventDetail,
  EventPage,
  FailedInput,
  FailedOutput,
  GetEventInput,
  HistoryInput,
  ListEventsInput,
  OutboxHistory,
  OutboxSummary,
  PublisherList,
} from './schemas.ts';
import { discardEvents, requeueEvents } from './settle-failed.ts';

export const outboxProcedures = {
  summary: procedure
    .meta({
      rest: 'GET /outbox/summary',
      summary: 'Counts the events of the outbox by status and says how long the oldest has waited.',
      scope: 'outbox:read',
      output: OutboxSummary,
    })
    .query(({ ctx }) => getSummary(ctx)),
  list: procedure
    .meta({
      rest: 'GET /outbox/events',
      summary: 'Lists outbox events, newest first.',
      scope: 'outbox:read',
      output: EventPage,
    })
    .input(ListEventsInput)
    .query(({ ctx, input }) => listEvents(ctx, input)),
  get: procedure
    .meta({
      rest: 'GET /outbox/events/:id',
      summary: 'Gives one outbox event with its payload and last error.',
      scope: 'outbox:read',
      output: EventDetail,
      errors: ['EVENT_NOT_FOUND'],
    })
    .input(GetEventInput)
    .query(({ ctx, input }) => getEvent(ctx, input)),
  history: procedure
    .meta({
      rest: 'GET /outbox/history',
      summary: 'Gives what waited, what was published and at what age, over time.',
      scope: 'outbox:read',
      output: OutboxHistory,
    })
    .input(HistoryInput)
    .query(({ ctx, input }) => getHistory(ctx, input)),
  publishers: procedure
    .meta({
      rest: 'GET /outbox/publishers',
      summary: 'Lists the publishers of this installation with their last sign of life and their lanes.',
      scope: 'outbox:read',
      output: PublisherList,
    })
    .query(({ ctx }) => listPublishers(ctx)),
  requeue: mutation
    .meta({
      rest: 'POST /outbox/requeue',
      summary: 'Puts failed events back, each at the end of the order of its key.',
      scope: 'outbox:write',
      audit: 'outbox.requeue',
      output: FailedOutput,
    })
    .input(FailedInput)
    .mutation(({ ctx, input }) => requeueEvents(ctx, input)),
  discard: mutation
    .meta({
      rest: 'POST /outbox/discard',
      summary: 'Gives failed events up for good, and by its id one that waits after a failure.',
      scope: 'outbox:write',
      audit: 'outbox.discard',
      output: FailedOutput,
    })
    .input(FailedInput)
    .mutation(({ ctx, input }) => discardEvents(ctx, input)),
};
