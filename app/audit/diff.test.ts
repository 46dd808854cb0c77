import { expect, it } from 'vitest';
import { diffOf } from './diff.ts';

it('says what was added, removed and changed, and where', () => {
  const before = { name: 'a', nodes: [{ id: 'src' }], gone: 1 };
  const after = { name: 'b', nodes: [{ id: 'src', limit: 5 }] };
  expect(diffOf(before, after)).toEqual(
    expect.arrayContaining([
      { place: 'name', kind: 'changed', before: 'a', after: 'b' },
      { place: 'nodes.0.limit', kind: 'added', before: undefined, after: 5 },
      { place: 'gone', kind: 'removed', before: 1, after: undefined },
    ]),
  );
});

it('takes a side that was not there as empty, and values that are no trees as they are', () => {
  expect(diffOf(null, { a: 1 })).toEqual([{ place: 'a', kind: 'added', before: undefined, after: 1 }]);
  expect(diffOf([1], null)).toEqual([{ place: '0', kind: 'removed', before: 1, after: undefined }]);
  expect(diffOf('x', 'y')).toEqual([{ place: '', kind: 'changed', before: 'x', after: 'y' }]);
  expect(diffOf({ a: 1 }, { a: 1 })).toEqual([]);
});
