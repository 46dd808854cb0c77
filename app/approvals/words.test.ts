import { expect, it } from 'vitest';
import { publishingWords, selectorsOf, wrongSelectors } from './words.ts';

it('labels of a form are one a line, and a comma is part of the value', () => {
  expect(selectorsOf('team:a,b\r\n env:prod \n\ncritical')).toEqual(['team:a,b', 'env:prod', 'critical']);
  const kept = ['team:a,b', 'note:x, y'];
  expect(selectorsOf(kept.join('\n'))).toEqual(kept);
});

it('no labels at all are taken only from somebody who says so, because they turn approval off', () => {
  expect(wrongSelectors([], false)).toMatch(/turns approval off/);
  expect(wrongSelectors(['env:prod'], true)).toMatch(/leave one/);
  expect([wrongSelectors([], true), wrongSelectors(['env:prod'], false)]).toEqual([null, null]);
});

it('rules that cannot be read are never said to let anything go live', () => {
  expect(publishingWords({ problem: 'of no form', selectors: [] })).toMatch(/refused, and nothing goes live/);
  expect(publishingWords({ problem: null, selectors: [] })).toMatch(/at once/);
  expect(publishingWords({ problem: null, selectors: ['env', 'team:a'] })).toMatch(/env or team:a/);
});
