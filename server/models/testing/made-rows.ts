// Rows that can be learned from, and rows that cannot, the same for the same seed.
import type { Row } from './fixture.ts';

/** Uniform below 1 (mulberry32: 32 bits of state, enough for some thousand rows). */
export function randomOf(seed: number): () => number {
  let state = (seed * 0x9e3779b9) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Features: a number, a number with gaps, a category of four, a boolean. */
function makeRows(seed: number, count: number, chanceOf: (values: Row['values']) => number): Row[] {
  const random = randomOf(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Array.from({ length: count }, () => {
    const values = [
      normal(),
      random() < 0.1 ? null : 50 + 20 * normal(),
      'abcd'[Math.floor(random() * 4)]!,
      random() < 0.5,
    ];
    return { values, label: random() < chanceOf(values) };
  });
}

/** The label has nothing to do with the features. */
export const noiseRows = (seed: number, count: number, share = 0.5): Row[] => makeRows(seed, count, () => share);

/** x from 0 to below 300 in steps of `step`; the label depends on x and on the boolean alone. */
export function bandRows(seed: number, count: number, step: number): Row[] {
  const random = randomOf(seed);
  return Array.from({ length: count }, () => {
    const [x, flag] = [Math.floor(random() * (300 / step)) * step, random() < 0.5];
    const chance = 1 / (1 + Math.exp(-((x - 150) / 60 + (flag ? 1.2 : -1.2))));
    return { values: [x, 50, 'a', flag], label: random() < chance };
  });
}

/** The label depends on all of them, with chance left in it. */
export const learnableRows = (seed: number, count: number): Row[] =>
  makeRows(seed, count, ([x, y, letter, flag]) => {
    const z =
      1.2 * Number(x) + (Number(y ?? 50) - 50) / 25 + (letter === 'a' ? 1 : -0.3) + (flag === true ? 0.5 : -0.5);
    return 1 / (1 + Math.exp(-z));
  });
