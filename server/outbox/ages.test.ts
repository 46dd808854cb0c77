import fc from 'fast-check';
import { expect, it } from 'vitest';
import { addAge, agePercentile, placeOfAge } from './ages.ts';

it('gives percentiles within a fifth of the exact ones, or a millisecond', () => {
  const ages = fc.array(fc.integer({ min: 1, max: 500_000_000 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(ages, fc.constantFrom(0.5, 0.95, 0.99), (all, q) => {
      const counts: number[] = [];
      for (const age of all) addAge(counts, placeOfAge(age));
      const exact = all.toSorted((a, b) => a - b)[Math.ceil(all.length * q) - 1]!;
      expect(Math.abs(agePercentile(counts, q)! - exact)).toBeLessThanOrEqual(Math.max(1, exact * 0.2));
    }),
  );
});

it('says nothing of the age of nothing', () => {
  expect(agePercentile([], 0.5)).toBeNull();
  expect(agePercentile([0, 0], 0.99)).toBeNull();
});
