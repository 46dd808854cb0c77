import { expect, it } from 'vitest';
import { failedWords } from './words.ts';

it('says in words which failed events a filter means, and that none means all', () => {
  expect(failedWords({})).toBe('every failed event of this tenant');
  expect(failedWords({ search: 'poison' })).toBe(
    'every failed event whose key or type begins with “poison”, or whose id it is',
  );
  expect(failedWords({ key: 'c-1', type: 'a.b.v1' })).toBe(
    'every failed event of the type “a.b.v1” and of the key “c-1”',
  );
});
