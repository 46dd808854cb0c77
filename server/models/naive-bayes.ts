// Naive Bayes: a Gaussian for each number and class, Laplace's rule for categories; a missing value says nothing.
import type { ModelParameters, ModelTerm } from '#db/schema/index.ts';
import { type CategorySummary, type NumberSummary, otherRows, type Summary, spreadOf } from './summary.ts';

/** Of the whole column's variance, added to each class's: a class without variance would be infinitely sure. */
const VARIANCE_FLOOR = 1e-9;

/** Both classes must have rows. */
export function fitNaiveBayes({ rows, features }: Summary): ModelParameters {
  return {
    intercept: Math.log(rows[1] / rows[0]),
    terms: features.map((one) => (one.kind === 'number' ? numberTerm(one) : categoryTerm(one))),
    passes: null,
  };
}

/** ln N(x; μ₁, v₁) − ln N(x; μ₀, v₀), as a quadratic of the standardised number. */
function numberTerm(summary: NumberSummary): ModelTerm {
  const { feature, present, mean, variance } = summary;
  const spread = spreadOf(summary);
  const silent = { kind: 'number', feature, constant: 0, linear: 0, quadratic: 0, missing: 0 } as const;
  if (spread === null || present[0] === 0 || present[1] === 0) return { ...silent, center: 0, scale: 1 };
  const { center, scale } = spread;
  const of = (k: 0 | 1) => ({
    mean: (mean[k] - center) / scale,
    variance: variance[k] / scale / scale + VARIANCE_FLOOR,
  });
  const [negative, positive] = [of(0), of(1)];
  return {
    ...{ ...silent, center, scale },
    constant:
      Math.log(negative.variance / positive.variance) / 2 -
      positive.mean ** 2 / (2 * positive.variance) +
      negative.mean ** 2 / (2 * negative.variance),
    linear: positive.mean / positive.variance - negative.mean / negative.variance,
    quadratic: (1 / negative.variance - 1 / positive.variance) / 2,
  };
}

/** ln of (rows of the value + 1) / (rows + values), positive less negative. "Any other" counts as a value. */
function categoryTerm(summary: CategorySummary): ModelTerm {
  const { kind, feature, present, values } = summary;
  const buckets = values.length + (kind === 'category' ? 1 : 0);
  const weightOf = (rows: readonly [number, number]) =>
    Math.log((rows[1] + 1) / (present[1] + buckets)) - Math.log((rows[0] + 1) / (present[0] + buckets));
  return {
    ...{ kind, feature, missing: 0 },
    values: values.map(({ value, rows }) => ({ value, weight: weightOf(rows) })),
    other: kind === 'category' ? weightOf(otherRows(summary)) : 0,
  };
}
