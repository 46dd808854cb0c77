// What a trained version says of a row. Training measures with this and callers are answered with this.
import type { ModelParameters, ModelTerm } from '#db/schema/index.ts';
import { MAX_CATEGORY_CHARS, MAX_NUMBER } from './limits.ts';

/** A value as the database or a caller gives it; null is a missing one. */
export type FeatureValue = number | boolean | string | null;

/** The nearest that a probability comes to 0 and 1, so that being wrong costs 34.5 nats and not infinitely many. */
const NEAREST = 1e-15;

/** Scores rows whose values stand in the order of the parameters' terms. */
export function makeScorer({ intercept, terms }: ModelParameters): (values: readonly FeatureValue[]) => number {
  const added = terms.map(termOf);
  return (values) => {
    let logOdds = intercept;
    for (let i = 0; i < added.length; i += 1) logOdds += added[i]!(values[i] ?? null);
    return probabilityOf(logOdds);
  };
}

/** The same of a row as the design (design.ts) encodes it: a number, or a place among the term's values. */
export function makeCodeScorer({ intercept, terms }: ModelParameters): (codes: Float64Array, at: number) => number {
  const added = terms.map(codeTermOf);
  return (codes, at) => {
    let logOdds = intercept;
    for (let i = 0; i < added.length; i += 1) logOdds += added[i]!(codes[at + i]!);
    return probabilityOf(logOdds);
  };
}

export function probabilityOf(logOdds: number): number {
  // Opposing terms without bound can meet as ∞ − ∞; nothing is known then.
  if (Number.isNaN(logOdds)) return 0.5;
  return Math.min(1 - NEAREST, Math.max(NEAREST, 1 / (1 + Math.exp(-logOdds))));
}

/** A number that training and scoring both take as one; null otherwise. */
export function usableNumber(value: FeatureValue): number | null {
  // Not a number at all where it is one that the driver gave as text.
  const number = typeof value === 'number' ? value : Number.NaN;
  return Math.abs(number) <= MAX_NUMBER ? number : null;
}

/** The category that a value stands for. */
export function categoryOf(value: FeatureValue): string | null {
  if (value === null) return null;
  const text = String(value);
  if (text.length <= MAX_CATEGORY_CHARS) return text;
  // By characters, as the database's left() cuts.
  return [...text].slice(0, MAX_CATEGORY_CHARS).join('');
}

function codeTermOf(term: ModelTerm): (code: number) => number {
  if (term.kind === 'number') return termOf(term);
  // A code that is no place is that of any other value.
  const { values, missing, other } = term;
  return (code) => (Number.isNaN(code) ? missing : (values[code]?.weight ?? other));
}

function termOf(term: ModelTerm): (value: FeatureValue) => number {
  if (term.kind === 'number') {
    const { center, scale, constant, linear, quadratic, missing } = term;
    return (value) => {
      const number = usableNumber(value);
      if (number === null) return missing;
      const z = (number - center) / scale;
      return constant + (linear + quadratic * z) * z;
    };
  }
  const weights = new Map(term.values.map(({ value, weight }) => [value, weight]));
  return (value) => {
    const category = categoryOf(value);
    return category === null ? term.missing : (weights.get(category) ?? term.other);
  };
}
