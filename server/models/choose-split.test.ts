import { expect, it } from 'vitest';
import type { ModelSplit } from '#db/schema/index.ts';
import { areSplitAlike, splitLike } from './choose-split.ts';

const split = (by: ModelSplit['by'], columns: string[] = [], combinations: number | null = null): ModelSplit => ({
  ...{ by, columns, percent: 20, seed: 20, combinations },
});
const table = { features: ['y', 'x'], columns: ['id', 'x', 'y', 'label'] };

it.each([
  ['the same features, of which enough differ', split('features', ['x', 'y'], 900), split('key', ['id'], 30)],
  ['the columns of a key that is none any more', split('key', ['id'], 900), split('row', [], 30)],
])('rows stay split by %s', (_what, before, chosen) => {
  const kept = splitLike(before, chosen, table);
  expect(kept).toEqual({ ...before, combinations: 30 });
  expect(areSplitAlike(kept, before)).toBe(true);
});

it.each([
  ['copies have come, which a key does not hold together', split('key', ['id']), split('features', ['x', 'y'], 900)],
  ['other features are learned from', split('features', ['x']), split('key', ['id'], 900)],
  ['too few of the features differ to hold any out', split('features', ['x', 'y']), split('key', ['id'], 29)],
  ['the key has other columns', split('key', ['id']), split('key', ['x'], 900)],
  ['the columns of the key are gone', split('key', ['gone']), split('row', [], 900)],
  ['rows have got a key', split('row'), split('key', ['id'], 900)],
])('rows are split anew where %s', (_why, before, chosen) => {
  expect(splitLike(before, chosen, table)).toBe(chosen);
  expect(areSplitAlike(before, chosen)).toBe(false);
});
