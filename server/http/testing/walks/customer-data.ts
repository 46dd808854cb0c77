// How long customers' data is kept, and what they ask about it.
import { newId } from '#server/lib/index.ts';
import { after, type Walks } from './names.ts';

export const INPUTS: Walks = {
  'retention.overview': () => [{}],
  'retention.preview': () => [{}],
  'retention.receipts': () => [{}, { cursor: after(newId()) }],
  'retention.listHolds': (names) => [{}, { customerId: names.slug }, { state: 'all', cursor: after(newId()) }],
  // These name nothing that could be another tenant's.
  'retention.setPolicy': () => [{ dataClass: 'decision_traces', retentionDays: 30, note: 'mine' }],
  'retention.setMode': () => [{ mode: 'strictest' }],
  'retention.setRequestDueDays': () => [{ requestDueDays: 20 }],
  'retention.placeHold': (names) => [{ kind: 'subject', customerId: names.slug, reason: 'mine' }],
  'retention.releaseHold': (names) => [{ id: names.holdId, reason: 'mine' }],
  'dsar.list': (names) => [{}, { customerId: names.slug }, { state: 'open', cursor: after(newId()) }],
  'dsar.get': (names) => [{ id: names.dsarId }, { id: names.dsarId.toUpperCase() }],
  'dsar.create': (names) => [{ customerId: names.slug, kind: 'erase' }],
  'dsar.run': (names) => [{ id: names.dsarId }],
  'dsar.cancel': (names) => [{ id: names.dsarId, reason: 'mine' }],
  'dsar.link': (names) => [{ id: names.dsarId }],
};

export const ANSWERS_ALL: readonly string[] = [
  'retention.overview',
  'retention.preview',
  'retention.receipts',
  'retention.listHolds',
  'retention.setPolicy',
  'retention.setMode',
  'retention.setRequestDueDays',
  'dsar.list',
];
