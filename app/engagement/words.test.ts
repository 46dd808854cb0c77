import { expect, it } from 'vitest';
import { cut } from './words.ts';

it('shows no score above the band that it is in', () => {
  expect([69.99, 69.999_999_999_999_99, 70, 39.95, 40, 0, 100].map(cut)).toEqual([
    ...['69.9', '69.9', '70.0', '39.9', '40.0', '0.0', '100.0'],
  ]);
});
