// Other systems, limits and the emergency stop.
import type { Walks } from './names.ts';

export const INPUTS: Walks = {
  'connections.list': () => [{}, { kind: 'kafka' }],
  'connections.get': (names) => [{ id: names.connectionId }, { id: `brokers-of-${names.slug}` }],
  'connections.uses': (names) => [{ id: names.connectionId }, { id: `brokers-of-${names.slug}` }],
  // A name that is taken for one of the two tenants and free for the other.
  'connections.create': () => [
    { name: 'brokers-of-mine', kind: 'webhook', secrets: { url: 'https://93.184.215.14/' } },
  ],
  'connections.update': (names) => [
    { id: names.connectionId, config: { brokers: [{ host: '93.184.215.14', port: 9092 }] } },
    { id: `brokers-of-${names.slug}`, description: 'mine now' },
  ],
  'connections.test': (names) => [{ id: names.connectionId }],
  'connections.delete': (names) => [{ id: names.connectionId }, { id: `brokers-of-${names.slug}` }],
  'connections.rotateKeys': () => [{}],
  'limits.get': () => [{}],
  'limits.put': (names) => [{ tenant: names.slug, pipelines: 1 }],
  'fleet.stopState': () => [{}],
  'fleet.stop': () => [{ reason: 'mine', running: 'leave', holdPublishing: true }],
  'fleet.resume': () => [{}],
  'fleet.stopInstance': () => [{ reason: 'mine' }],
  'fleet.resumeInstance': () => [{}],
};

export const ANSWERS_ALL: readonly string[] = [
  'connections.list',
  'connections.create',
  'limits.get',
  'fleet.stopState',
  'fleet.stop',
  'fleet.resume',
];
