import { expect, it } from 'vitest';
import { findUnstorableText, storableText } from './storable-text.ts';

it('finds text that no database column takes, by its place', () => {
  expect(findUnstorableText({ a: ['fine', { 'b/c': 'x\0' }] })).toBe('/a/1/b~1c');
  expect(findUnstorableText({ a: { 'na\ud800me': 1 } })).toBe('/a');
  expect(findUnstorableText('\udc00')).toBe('/');
});

it('makes of what somebody else wrote what a column takes', () => {
  expect(storableText('a\0b \ud800c', 100)).toBe('a\ufffdb \ufffdc');
  expect(storableText('abc\ud83d\ude00', 4)).toBe('abc\ufffd');
  expect(storableText('abc\ud83d\ude00', 5)).toBe('abc\ud83d\ude00');
});

it('lets everything else be', () => {
  expect(findUnstorableText({ a: '\u0001 \ud83d\ude00 \\u0000', n: 1, none: null, list: [true] })).toBeNull();
  expect(findUnstorableText(undefined)).toBeNull();
});
