// What is recorded of customers, and the events of it.
import { newId } from '#server/lib/index.ts';
import { after, type Walks } from './names.ts';

export const INPUTS: Walks = {
  'outbox.summary': () => [{}],
  'outbox.list': (names) => [
    { limit: 200 },
    { limit: 200, key: names.slug },
    { limit: 200, status: 'failed', cursor: after(newId()) },
    { limit: 200, search: names.eventId },
    { limit: 200, search: names.slug },
  ],
  'outbox.get': (names) => [{ id: names.eventId }, { id: names.eventId.toUpperCase() }],
  'outbox.history': () => [{}, { minutes: 1_440 }],
  'outbox.publishers': () => [{}],
  'outbox.requeue': (names) => [{ ids: [names.eventId] }, { filter: { key: names.slug } }],
  'outbox.discard': (names) => [{ ids: [names.eventId] }, { filter: { key: names.slug } }],
  // It names nothing that could be another tenant's.
  'interactions.respond': () => [{ customerId: 'c', offerId: 'o', channel: 'web', interactionType: 'impression' }],
  'interactions.recordOutcome': (names) => [{ interactionId: names.interactionId, outcome: 'accepted' }],
};

export const ANSWERS_ALL: readonly string[] = [
  'outbox.summary',
  'outbox.list',
  'outbox.history',
  'outbox.publishers',
  'outbox.requeue',
  'outbox.discard',
  'interactions.respond',
];
