// What is learned, and what it says of the rows that are held out: at once where it is learned while rows are read, or
// when it is asked, of rows that were kept as numbers.
import type { ModelParameters } from '#db/schema/index.ts';
import type { Design } from './design.ts';
import { type FeatureValue, makeCodeScorer, makeScorer } from './score.ts';

export type Learner = {
  /** A row that is held out, by its place: below the number of rows that the learner was made for. */
  keep(values: readonly FeatureValue[], row: number): void;
  parameters(): Promise<ModelParameters>;
  /** Of the first so many rows kept, once the parameters are there. */
  said(rows: number): Float64Array;
};

export function learned(parameters: ModelParameters, mostRows: number): Learner {
  const score = makeScorer(parameters);
  const said = new Float64Array(mostRows);
  return {
    keep(values, row) {
      said[row] = score(values);
    },
    parameters: async () => parameters,
    said: (rows) => said.subarray(0, rows),
  };
}

export function learnedLater(design: Design, mostRows: number, solve: () => Promise<ModelParameters>): Learner {
  const codes = new Float64Array(mostRows * design.features);
  let score: ReturnType<typeof makeCodeScorer>;
  return {
    keep: (values, row) => design.encode(values, codes, row * design.features),
    async parameters() {
      const parameters = await solve();
      score = makeCodeScorer(parameters);
      return parameters;
    },
    said: (rows) => Float64Array.from({ length: rows }, (_, row) => score(codes, row * design.features)),
  };
}
