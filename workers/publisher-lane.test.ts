import { expect, it } from 'vitest';
import { sweepRestMs } from './publisher-lane.ts';

it.each([
  ['ten times what it took', 20, 10_000, 200],
  ['half of the lease, by which a lane with nothing to do keeps it', 3_000, 10_000, 5_000],
  ['10 s', 3_000, 60_000, 10_000],
])('a sweep rests for %s at most', (_, sweepTookMs, leaseMs, restMs) => {
  expect(sweepRestMs({ sweepTookMs }, leaseMs)).toBe(restMs);
});
