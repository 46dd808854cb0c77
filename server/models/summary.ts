// What is known of the training rows before a model is fitted: counts and moments, each by class.

/** Of the negative class, of the positive one. */
export type ByClass = readonly [negative: number, positive: number];

export type NumberSummary = {
  kind: 'number';
  feature: string;
  present: ByClass;
  mean: ByClass;
  /** Population variance. */
  variance: ByClass;
  isConstant: boolean;
};
export type CategorySummary = {
  kind: 'category' | 'boolean';
  feature: string;
  present: ByClass;
  /** The most frequent first. */
  values: { value: string; rows: ByClass }[];
};
export type FeatureSummary = NumberSummary | CategorySummary;
export type Summary = { rows: ByClass; features: FeatureSummary[] };

/** Mean and standard deviation over both classes; null for a column that does not vary. */
export function spreadOf({ present, mean, variance, isConstant }: NumberSummary) {
  const [n0, n1] = present;
  if (n0 + n1 === 0 || isConstant) return null;
  const weights = [n0 / (n0 + n1), n1 / (n0 + n1)] as const;
  const center = weights[0] * mean[0] + weights[1] * mean[1];
  const pooled = ([0, 1] as const).map((k) => weights[k] * (variance[k] + (mean[k] - center) ** 2));
  const scale = Math.sqrt(pooled[0]! + pooled[1]!);
  return scale > 0 && Number.isFinite(scale) ? { center, scale } : null;
}

/** The rows that have a value, but none of those that are listed. */
export function otherRows({ present, values }: CategorySummary): ByClass {
  const listed = (k: 0 | 1) => values.reduce((sum, { rows }) => sum + rows[k], 0);
  return [present[0] - listed(0), present[1] - listed(1)];
}
