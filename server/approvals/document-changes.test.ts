import { expect, it } from 'vitest';
import { documentChanges } from './document-changes.ts';

const node = (id: string, table: string) => ({ id, kind: 'source', config: { table } });

it('says what differs at its pointer, a node under its id wherever it stands', () => {
  const before = { metadata: { labels: { env: 'prod' } }, nodes: [node('a', 'x'), node('b', 'y')] };
  const after = { metadata: { labels: { 'a/b': '1' } }, nodes: [node('c', 'z'), node('a', 'x'), node('b', 'w')] };
  expect(documentChanges(before, after)).toEqual(
    expect.arrayContaining([
      { pointer: '/metadata/labels/env', kind: 'removed', before: 'prod' },
      { pointer: '/metadata/labels/a~1b', kind: 'added', after: '1' },
      { pointer: '/nodes/b/config/table', kind: 'changed', before: 'y', after: 'w' },
      { pointer: '/nodes/c', kind: 'added', after: node('c', 'z') },
    ]),
  );
  expect(documentChanges(before, after)).toHaveLength(4);
  expect(documentChanges(before, before)).toEqual([]);
});

it('of a first version is everything in it', () => {
  expect(documentChanges(null, { kind: 'pipeline' })).toEqual([{ pointer: '/kind', kind: 'added', after: 'pipeline' }]);
});
