import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decidePromotion } from './decide-promotion.ts';
import { type Measured, measure, rocOf } from './measure.ts';

/** Few distinct probabilities, so that there are ties. */
const measured = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 19 })), { minLength: 1, maxLength: 60 }).map(
  (rows): Measured => ({
    labels: Uint8Array.from(rows, ([label]) => Number(label)),
    probabilities: Float64Array.from(rows, ([, twentieths]) => twentieths / 20),
  }),
);

/** Every pair of a positive and a negative row, counted. */
function pairwise({ labels, probabilities }: Measured): number | null {
  let [pairs, won] = [0, 0];
  for (let i = 0; i < labels.length; i += 1)
    for (let j = 0; j < labels.length; j += 1) {
      if (labels[i] !== 1 || labels[j] !== 0) continue;
      pairs += 1;
      won += probabilities[i]! > probabilities[j]! ? 1 : probabilities[i] === probabilities[j] ? 0.5 : 0;
    }
  return pairs === 0 ? null : won / pairs;
}

describe('the area under the ROC curve', () => {
  it('is the share of pairs in the right order, ties counting one half', () => {
    fc.assert(
      fc.property(measured, (rows) => {
        const expected = pairwise(rows);
        const { auc } = rocOf(rows);
        if (expected === null) expect(auc).toBeNull();
        else expect(auc).toBeCloseTo(expected, 12);
      }),
      { numRuns: 500 },
    );
  });

  it('belongs to a curve that rises from the origin to the far corner in at most 52 points', () => {
    const labels = Uint8Array.from({ length: 5_000 }, (_, i) => ((i * 7919) % 3 === 0 ? 1 : 0));
    const probabilities = Float64Array.from({ length: 5_000 }, (_, i) => ((i * 31) % 5_003) / 5_003);
    const { points } = rocOf({ labels, probabilities });
    expect(points[0]).toEqual({ falsePositives: 0, truePositives: 0 });
    expect(points.at(-1)).toEqual({ falsePositives: 1, truePositives: 1 });
    expect(points.length).toBeLessThanOrEqual(52);
    for (const [i, point] of points.slice(1).entries()) {
      expect(point.falsePositives).toBeGreaterThanOrEqual(points[i]!.falsePositives);
      expect(point.truePositives).toBeGreaterThanOrEqual(points[i]!.truePositives);
    }
  });
});

describe('what is measured', () => {
  const labels = Uint8Array.from([1, 0, 1, 0]);
  const probabilities = Float64Array.from([0.8, 0.4, 0.6, 0.7]);

  it('is what one computes by hand', () => {
    const { metrics, curves } = measure({ labels, probabilities }, 0.25, {
      ...{ version: 3, probabilities: Float64Array.from([0.5, 0.5, 0.5, 0.5]) },
    });
    const losses = [-Math.log(0.8), -Math.log(0.6), -Math.log(0.6), -Math.log(0.3)];
    const flat = [-Math.log(0.25), -Math.log(0.75), -Math.log(0.25), -Math.log(0.75)];
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / 4;
    const gains = losses.map((loss, i) => flat[i]! - loss);
    const spread = Math.sqrt(gains.reduce((sum, one) => sum + (one - mean(gains)) ** 2, 0) / 3);
    expect(metrics).toMatchObject({ auc: 0.75, accuracy: 0.75, positives: 2 });
    expect(metrics.logLoss).toBeCloseTo(mean(losses), 12);
    expect(metrics.baseline).toEqual({ logLoss: expect.closeTo(mean(flat), 12), accuracy: 0.5, accuracyError: 0.25 });
    expect(metrics.gain).toBeCloseTo(mean(gains), 12);
    expect(metrics.gainError).toBeCloseTo(spread / 2, 12);
    expect(metrics.live).toMatchObject({ version: 3, auc: 0.5, logLoss: expect.closeTo(Math.log(2), 12) });
    expect(metrics.live?.gain).toBeCloseTo(Math.log(2) - mean(losses), 12);
    expect(curves.calibration).toEqual([
      { predicted: 0.4, observed: 0, rows: 1 },
      { predicted: 0.6, observed: 1, rows: 1 },
      { predicted: 0.7, observed: 0, rows: 1 },
      { predicted: 0.8, observed: 1, rows: 1 },
    ]);
  });

  it('counts rows of one group as one observation, in the error and in what is needed', () => {
    const times = (values: ArrayLike<number>, count: number) =>
      Array.from({ length: count }, () => Array.from(values)).flat();
    const once = measure({ labels, probabilities }, 0.25, null).metrics;
    const copied = {
      ...{ labels: Uint8Array.from(times(labels, 100)), probabilities: Float64Array.from(times(probabilities, 100)) },
      groups: Float64Array.from(times([0, 1, 2, 3], 100)),
    };
    const { metrics } = measure(copied, 0.25, null);
    expect(metrics).toMatchObject({ gain: expect.closeTo(once.gain, 12), groups: [2, 2] });
    expect(metrics.gainError).toBeCloseTo(once.gainError, 12);
    expect(decidePromotion(metrics, 400)).toEqual({
      promoted: false,
      reason: expect.stringContaining('200 positive and 200 negative rows, of which 2 and 2 differ'),
    });
  });

  it('has no area where a class is absent, and its version is then not promoted', () => {
    const one = measure({ labels: new Uint8Array(40), probabilities: new Float64Array(40).fill(0.1) }, 0.3, null);
    expect(one.metrics.auc).toBeNull();
    expect(one.curves.roc).toEqual([]);
    expect(decidePromotion(one.metrics, 40)).toEqual({
      promoted: false,
      reason: expect.stringContaining('0 positive and 40 negative rows; at least 10 of each'),
    });
  });
});

describe('promotion', () => {
  const metrics = {
    ...{ auc: 0.7, logLoss: 0.5, accuracy: 0.7, positives: 50, gain: 0.1, gainError: 0.04, live: null },
    groups: [50, 50] as [number, number],
    baseline: { logLoss: 0.6, accuracy: 0.5, accuracyError: 0.05 },
  };
  const live = { version: 4, logLoss: 0.51, auc: 0.7, gain: 0.01, gainError: 1 };

  it('comes first only with a gain of more than two standard errors over the majority class', () => {
    expect(decidePromotion(metrics, 100).promoted).toBe(true);
    expect(decidePromotion({ ...metrics, gainError: 0.05 }, 100).promoted).toBe(false);
    expect(decidePromotion({ ...metrics, gain: 1e-18, gainError: 1e-19 }, 100).promoted).toBe(false);
    expect(decidePromotion({ ...metrics, gain: -0.2 }, 100).reason).toBe(
      "its log loss of 0.5000 is 0.2000 above the majority class's 0.6000; to go live it must be below by more than 2 standard errors, 0.08000",
    );
  });

  it('comes later only when the log loss is not above the live version on the same rows', () => {
    expect(decidePromotion({ ...metrics, live }, 100).promoted).toBe(true);
    expect(decidePromotion({ ...metrics, live: { ...live, gain: 0 } }, 100).promoted).toBe(true);
    expect(decidePromotion({ ...metrics, live: { ...live, gain: 1e-12, gainError: 1e-12 } }, 100)).toEqual({
      promoted: false,
      reason: 'it says the same as the live version 4 of all 100 rows held out, so that one stays',
    });
    expect(decidePromotion({ ...metrics, gain: -0.2, live }, 100)).toEqual({
      promoted: true,
      reason: expect.stringMatching(/ rows; but the majority class's 0\.\d+ is better than both/),
    });
    expect(decidePromotion({ ...metrics, live }, 100, { isLiveFavoured: true })).toEqual({
      promoted: true,
      reason: expect.stringMatching(
        / rows; these were held out otherwise before: version 4 has learned from most of them$/,
      ),
    });
    expect(decidePromotion({ ...metrics, live: { ...live, logLoss: 0.49, gain: -0.01 } }, 100)).toEqual({
      promoted: false,
      reason: "its log loss of 0.5000 is worse than the live version 4's 0.4900 on the same 100 rows",
    });
  });
});
