import { expect, it } from 'vitest';
import { publishHint, publishingWords, selectorsOf, wrongSelectors } from './words.ts';

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

it('whoever publishes is told before that others are asked, by the labels of what is live or of what is new', () => {
  const rules = { problem: null, selectors: ['env:prod', 'critical', 'url:a:b'] };
  expect(publishHint(rules, [{ env: 'test' }])).toBeNull();
  expect(publishHint(rules, [{ env: 'test' }, { env: 'prod' }])).toMatch(/Because of env:prod others/);
  expect(publishHint(rules, [{ critical: '', url: 'a:b' }])).toMatch(/critical, url:a:b/);
  expect(publishHint({ problem: 'of no form', selectors: [] }, [{}])).toMatch(/refused/);
});
