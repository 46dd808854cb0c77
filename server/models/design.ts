// How a row becomes numbers for the logistic regression: numbers standardised, one column a category, missing told.
import type { ModelParameters, ModelTerm } from '#db/schema/index.ts';
import { categoryOf, type FeatureValue, usableNumber } from './score.ts';
import { type FeatureSummary, otherRows, type Summary, spreadOf } from './summary.ts';

/** One feature's columns in the design; -1 for one that it does not have. */
type Block = {
  feature: FeatureSummary;
  /** Of a number: its standardised value. */
  value: number;
  center: number;
  scale: number;
  /** Of a category: the first listed value's. */
  first: number;
  other: number;
  missing: number;
};

export type Design = {
  /** Columns, the constant first. */
  width: number;
  features: number;
  /** A row's values, in the order of features, as one number each: NaN is missing. */
  encode(values: readonly FeatureValue[], into: Float64Array, at: number): void;
  /** The columns of an encoded row that are not zero. Returns how many. */
  expand(codes: Float64Array, at: number, columns: Int32Array, values: Float64Array): number;
  /** The coefficients as what each feature adds. */
  parametersOf(coefficients: Float64Array, passes: number): ModelParameters;
};

/** A category's code: its place among the listed values, or this for any other. */
const OTHER = -1;

export function makeDesign({ rows, features }: Summary): Design {
  const total = rows[0] + rows[1];
  let width = 1;
  const blocks = features.map((feature): Block => {
    const take = (columns: number) => {
      const at = width;
      width += columns;
      return columns === 0 ? -1 : at;
    };
    const hasMissing = feature.present[0] + feature.present[1] < total;
    if (feature.kind === 'number') {
      const spread = spreadOf(feature);
      return {
        ...{ feature, value: take(spread === null ? 0 : 1), ...(spread ?? { center: 0, scale: 1 }) },
        ...{ first: -1, other: -1, missing: take(hasMissing ? 1 : 0) },
      };
    }
    const [other0, other1] = otherRows(feature);
    return {
      ...{ feature, value: -1, center: 0, scale: 1, first: take(feature.values.length) },
      ...{ other: take(other0 + other1 > 0 ? 1 : 0), missing: take(hasMissing ? 1 : 0) },
    };
  });
  const encoders = blocks.map(encoderOf);
  return {
    width,
    features: features.length,
    encode(values, into, at) {
      for (let i = 0; i < encoders.length; i += 1) into[at + i] = encoders[i]!(values[i] ?? null);
    },
    expand: (codes, at, columns, values) => expand(blocks, codes, at, columns, values),
    parametersOf: (coefficients, passes) => ({
      intercept: coefficients[0]!,
      terms: blocks.map((block) => termOf(block, coefficients)),
      passes,
    }),
  };
}

function encoderOf({ feature }: Block): (value: FeatureValue) => number {
  if (feature.kind === 'number') return (value) => usableNumber(value) ?? Number.NaN;
  const places = new Map(feature.values.map(({ value }, place) => [value, place]));
  return (value) => {
    const category = categoryOf(value);
    return category === null ? Number.NaN : (places.get(category) ?? OTHER);
  };
}

function expand(blocks: Block[], codes: Float64Array, at: number, columns: Int32Array, values: Float64Array): number {
  columns[0] = 0;
  values[0] = 1;
  let used = 1;
  for (let i = 0; i < blocks.length; i += 1) {
    const block = blocks[i]!;
    const code = codes[at + i]!;
    const column = columnOf(block, code);
    if (column < 0) continue;
    columns[used] = column;
    values[used] = column === block.value ? (code - block.center) / block.scale : 1;
    used += 1;
  }
  return used;
}

function columnOf(block: Block, code: number): number {
  if (Number.isNaN(code)) return block.missing;
  if (block.feature.kind === 'number') return block.value;
  return code === OTHER ? block.other : block.first + code;
}

function termOf({ feature, ...block }: Block, coefficients: Float64Array): ModelTerm {
  const weightAt = (column: number) => (column < 0 ? 0 : coefficients[column]!);
  const missing = weightAt(block.missing);
  if (feature.kind === 'number')
    return {
      ...{ kind: 'number', feature: feature.feature, center: block.center, scale: block.scale },
      ...{ constant: 0, linear: weightAt(block.value), quadratic: 0, missing },
    };
  return {
    ...{ kind: feature.kind, feature: feature.feature, missing, other: weightAt(block.other) },
    values: feature.values.map(({ value }, place) => ({ value, weight: coefficients[block.first + place]! })),
  };
}
