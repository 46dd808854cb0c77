// Logistic regression by Newton's method, which for this likelihood is iteratively reweighted least squares
// (Hastie, Tibshirani, Friedman: The Elements of Statistical Learning, 4.4.1), with a ridge (18.3.2).
import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import type { ModelParameters } from '#db/schema/index.ts';
import type { Design } from './design.ts';

/** Half of it times the squares of all coefficients but the constant is added to the deviance's half. */
export const RIDGE = 1;
const MAX_PASSES = 60;
/** Of the objective: what a Newton step promises to gain when it is not worth taking. */
const ENOUGH = 1e-11;

export type EncodedRow = (label: 0 | 1, codes: Float64Array, at: number) => void;
/** Hands every training row to `visit`, in whatever order. */
export type Pass = (visit: EncodedRow) => Promise<void>;
export type FitResult = { ok: true; parameters: ModelParameters } | { ok: false; reason: string };

/** What one pass over the rows finds at the coefficients: the objective, its gradient, and half of its Hessian. */
type At = { objective: number; gradient: Float64Array; hessian: Float64Array };

/** One pass a step; a step that makes it worse is halved. Memory is the square of the design's width. */
export async function fitLogistic(design: Design, start: number, pass: Pass): Promise<FitResult> {
  let here = new Float64Array(design.width);
  here[0] = start;
  let found = await look(design, here, pass);
  let passes = 1;
  for (;;) {
    const step = newtonStep(found, design.width);
    if (step === null) return { ok: false, reason: 'the features are so alike that no solution can be computed' };
    const promised = step.reduce((sum, value, i) => sum + value * found.gradient[i]!, 0) / 2;
    if (promised <= ENOUGH * (1 + Math.abs(found.objective))) break;
    let [next, size] = [here, 1];
    let there: At | null = null;
    // Near the end the objective moves by less than its own rounding.
    while (there === null || there.objective > found.objective + 1e-12 * Math.abs(found.objective)) {
      if (passes >= MAX_PASSES)
        return { ok: false, reason: `the fit had not converged after ${MAX_PASSES} passes over the rows` };
      if (there !== null) size /= 2;
      next = here.map((value, i) => value - size * step[i]!);
      there = await look(design, next, pass);
      passes += 1;
    }
    [here, found] = [next, there];
  }
  return { ok: true, parameters: design.parametersOf(here, passes) };
}

async function look(design: Design, at: Float64Array, pass: Pass): Promise<At> {
  const { width } = design;
  const gradient = new Float64Array(width);
  const hessian = new Float64Array(width * width);
  const columns = new Int32Array(design.features + 1);
  const values = new Float64Array(design.features + 1);
  let objective = 0;
  await pass((label, codes, offset) => {
    const used = design.expand(codes, offset, columns, values);
    let logOdds = 0;
    for (let i = 0; i < used; i += 1) logOdds += at[columns[i]!]! * values[i]!;
    const small = Math.exp(-Math.abs(logOdds));
    objective += Math.max(logOdds, 0) - label * logOdds + Math.log1p(small);
    const probability = logOdds >= 0 ? 1 / (1 + small) : small / (1 + small);
    const weight = small / (1 + small) ** 2;
    for (let i = 0; i < used; i += 1) {
      const [row, value] = [columns[i]!, values[i]!];
      gradient[row]! += (probability - label) * value;
      // Columns ascend within a row: this is the lower triangle's mirror.
      for (let j = i; j < used; j += 1) hessian[row * width + columns[j]!]! += weight * value * values[j]!;
    }
  });
  for (let i = 1; i < width; i += 1) {
    objective += (RIDGE / 2) * at[i]! ** 2;
    gradient[i]! += RIDGE * at[i]!;
    hessian[i * width + i]! += RIDGE;
  }
  return { objective, gradient, hessian };
}

/** The Hessian's inverse times the gradient; null when it cannot be had. */
function newtonStep({ gradient, hessian }: At, width: number): Float64Array | null {
  const matrix = Matrix.zeros(width, width);
  let trace = 0;
  for (let i = 0; i < width; i += 1) {
    trace += hessian[i * width + i]!;
    for (let j = i; j < width; j += 1) {
      matrix.set(i, j, hessian[i * width + j]!);
      matrix.set(j, i, hessian[i * width + j]!);
    }
  }
  // The ridge makes it positive definite but for the constant, whose weight vanishes where every row is certain.
  for (let added = 0; added <= trace; added = added === 0 ? (1e-12 * trace) / width : added * 100) {
    if (added > 0) for (let i = 0; i < width; i += 1) matrix.set(i, i, hessian[i * width + i]! + added);
    const factor = new CholeskyDecomposition(matrix);
    if (!factor.isPositiveDefinite()) continue;
    const step = Float64Array.from(factor.solve(Matrix.columnVector([...gradient])).to1DArray());
    if (step.every(Number.isFinite)) return step;
  }
  return null;
}
