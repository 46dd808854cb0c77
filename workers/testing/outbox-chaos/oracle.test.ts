import { expect, it } from 'vitest';
import type { ReadRecord } from '../kafka/index.ts';
import { judge } from './oracle.ts';

const stored = ['a1', 'b1', 'a2', 'b2', 'a3'].map((id) => ({ id, key: id[0]! }));
const arrived = (ids: string[]): ReadRecord[] =>
  ids.map((id, offset) => ({
    ...{
      topic: 't',
      partition: id.startsWith('a') ? 0 : 1,
      offset: BigInt(offset),
      key: id[0]!,
      value: id.slice(0, 2),
    },
    headers: { 'mainspring-event-id': id.slice(0, 2), ...(id.length > 2 ? { odd: id } : {}) },
  }));
const clean = { stored: 5, delivered: 5, lost: 0, strangers: 0, duplicates: 0, differing: 0, inversions: 0 };

it.each([
  ['nothing wrong, whatever the order between keys', ['b1', 'b2', 'a1', 'a2', 'a3'], {}],
  ['a loss', ['a1', 'b1', 'a3', 'b2'], { delivered: 4, lost: 1 }],
  ['a copy that comes late', ['a1', 'a2', 'a1', 'a3', 'b1', 'b2'], { duplicates: 1 }],
  ['a copy that is not the same', ['a1', 'a1x', 'a2', 'a3', 'b1', 'b2'], { duplicates: 1, differing: 1 }],
  ['a key out of order', ['a2', 'a1', 'a3', 'b1', 'b2'], { inversions: 1 }],
  ['an event that nobody stored', ['a1', 'a2', 'a3', 'a4', 'b1', 'b2'], { strangers: 1 }],
])('the oracle sees %s', (_, ids, expected) => {
  expect(judge(stored, arrived(ids))).toEqual({ ...clean, ...expected });
});
