import { expect, it } from 'vitest';
import { findUnstorableText } from './storable-text.ts';

it('finds text that no database column takes, by its place', () => {
  expect(findUnstorableText({ a: ['fine', { 'b/c': 'x\0' }] })).toBe('/a/1/b~1c');
  expect(findUnstorableText({ a: { 'na\ud800me': 1 } })).toBe('/a');
  expect(findUnstorableText('\udc00')).toBe('/');
});

it('lets everything else be', () => {
  expect(findUnstorableText({ a: '\u0001 \ud83d\ude00 \\u0000', n: 1, none: null, list: [true] })).toBeNull();
  expect(findUnstorableText(undefined)).toBeNull();
});
