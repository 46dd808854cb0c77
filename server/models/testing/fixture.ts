// The rows of figures.py, and what is counted of rows in the test's own way: no aggregate of ours takes part.
import type { FeatureValue } from '../score.ts';
import type { ByClass, FeatureSummary, Summary } from '../summary.ts';

export type Row = { label: boolean; values: FeatureValue[] };
type Feature = { feature: string; kind: 'number' | 'boolean' | 'category' };

export const fixtureFeatures: Feature[] = [
  { feature: 'age', kind: 'number' },
  { feature: 'spend', kind: 'number' },
  { feature: 'plan', kind: 'category' },
  { feature: 'active', kind: 'boolean' },
];

/** Whole-number arithmetic, so that Python makes the same rows. */
export function fixtureRows(): Row[] {
  return Array.from({ length: 400 }, (_, at) => {
    const i = at + 1;
    const age = ((i * 37) % 61) + 18;
    const spend = ((i * i * 7) % 997) / 10;
    const plan = ['basic', 'plus', 'pro', 'ähnlich 世界'][((i * 13) % 7) % 4]!;
    const active = (i * 11) % 5 < 3;
    const z = (age - 48) / 12 + (spend - 45) / 40 + (plan === 'pro' ? 0.8 : -0.4) + (active ? 0.5 : -0.3);
    return { label: 1 / (1 + Math.exp(-z)) > ((i * 7919) % 1000) / 1000, values: [age, spend, plan, active] };
  });
}

const sumOf = (values: number[]) => values.reduce((sum, value) => sum + value, 0);
const bothClasses = <T>(of: (label: boolean) => T) => [of(false), of(true)] as const;

export function summaryOf(rows: Row[], features: Feature[]): Summary {
  return {
    rows: bothClasses((label) => rows.filter((row) => row.label === label).length),
    features: features.map(({ feature, kind }, at): FeatureSummary => {
      const valuesOf = (label: boolean) =>
        rows.flatMap((row) => (row.label === label && row.values[at] !== null ? [row.values[at]!] : []));
      const present: ByClass = bothClasses((label) => valuesOf(label).length);
      if (kind === 'number') {
        const numbers = bothClasses((label) => valuesOf(label) as number[]);
        const mean: ByClass = [sumOf(numbers[0]) / present[0] || 0, sumOf(numbers[1]) / present[1] || 0];
        const varianceOf = (k: 0 | 1) => sumOf(numbers[k].map((value) => (value - mean[k]) ** 2)) / present[k] || 0;
        const isConstant = new Set(numbers.flat()).size < 2;
        return { kind, feature, present, mean, variance: [varianceOf(0), varianceOf(1)], isConstant };
      }
      const counted = new Map<string, [number, number]>();
      for (const label of [false, true])
        for (const value of valuesOf(label)) {
          const rowsOf = counted.get(String(value)) ?? [0, 0];
          rowsOf[label ? 1 : 0] += 1;
          counted.set(String(value), rowsOf);
        }
      const values = [...counted].map(([value, byClass]) => ({ value, rows: byClass as ByClass }));
      values.sort((a, b) => sumOf([...b.rows]) - sumOf([...a.rows]) || (a.value < b.value ? -1 : 1));
      return { kind, feature, present, values };
    }),
  };
}
