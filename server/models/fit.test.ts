import { describe, expect, it } from 'vitest';
import type { ModelParameters } from '#db/schema/index.ts';
import { type Repeats, splitBy } from './choose-split.ts';
import { decidePromotion } from './decide-promotion.ts';
import { makeDesign } from './design.ts';
import { fitLogistic } from './logistic.ts';
import { measure, rocOf } from './measure.ts';
import { fitNaiveBayes } from './naive-bayes.ts';
import { rowsOnceRead } from './row-cache.ts';
import { makeScorer } from './score.ts';
import type { Summary } from './summary.ts';
import {
  fixtureFeatures,
  fixtureRows,
  learnableRows,
  noiseRows,
  type Row,
  randomOf,
  summaryOf,
} from './testing/index.ts';

async function logistic(rows: Row[], summary: Summary, mostKept?: number): Promise<ModelParameters> {
  const design = makeDesign(summary);
  const read = async (visit: (row: readonly unknown[]) => void) => {
    for (const { label, values } of rows) visit([label, ...values]);
  };
  const start = Math.log(summary.rows[1] / summary.rows[0]);
  const fitted = await fitLogistic(
    design,
    start,
    rowsOnceRead(design, read, mostKept === undefined ? {} : { mostKept }),
  );
  if (!fitted.ok) throw new Error(fitted.reason);
  return fitted.parameters;
}
const numberFeatures = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ feature: `x${i}`, kind: 'number' as const }));
const scoresOf = (parameters: ModelParameters, rows: Row[]) => {
  const score = makeScorer(parameters);
  return rows.map(({ values }) => score(values));
};
const logOdds = (probability: number) => Math.log(probability / (1 - probability));

describe('rows that are kept', () => {
  it('are passed over no further than to the block in which it is told to stop', async () => {
    const two = [1, 2].map((x): Row => ({ values: [x], label: x === 1 }));
    const design = makeDesign(summaryOf(two, numberFeatures(1)));
    const stop = new AbortController();
    const read = async (visit: (row: readonly unknown[]) => void) => {
      for (let i = 0; i < 35_000; i += 1) visit([true, 1]);
    };
    const pass = rowsOnceRead(design, read, { signal: stop.signal });
    await pass(() => {});
    let seen = 0;
    const again = pass(() => {
      seen += 1;
      if (seen === 15_000) stop.abort(new Error('enough'));
    });
    await expect(again).rejects.toThrow('enough');
    expect(seen).toBe(20_000);
  });
});

// The figures: testing/figures.py.
describe('logistic regression', () => {
  const rows = fixtureRows();
  const summary = summaryOf(rows, fixtureFeatures);

  it("has scikit-learn's coefficients on the fixture", async () => {
    expect(summary.rows).toEqual([177, 223]);
    const { intercept, terms } = await logistic(rows, summary);
    expect(intercept).toBeCloseTo(0.21955649, 6);
    expect(terms[0]).toMatchObject({ center: 48.0275, scale: expect.closeTo(17.58967719, 6) });
    expect(terms[0]).toMatchObject({ linear: expect.closeTo(1.49021463, 6), quadratic: 0, missing: 0 });
    expect(terms[1]).toMatchObject({ center: expect.closeTo(50.80575, 8), linear: expect.closeTo(0.7905658, 6) });
    const weights = terms.flatMap((term) => (term.kind === 'number' ? [] : term.values));
    const expected = [
      ...[0.89179847, -0.22900556, -0.29558091, -0.36721201, 0.36015241].map((value) => expect.closeTo(value, 6)),
      expect.closeTo(-0.36015241, 6),
    ];
    expect(weights.map(({ weight }) => weight)).toEqual(expected);
    expect(weights.map(({ value }) => value)).toEqual(['pro', 'basic', 'plus', 'ähnlich 世界', 'true', 'false']);
  });

  it("has scikit-learn's probabilities, area under the curve and log loss", async () => {
    const probabilities = Float64Array.from(scoresOf(await logistic(rows, summary), rows));
    [0.66124501, 0.07631955, 0.5211973, 0.12450898, 0.13833357].forEach((value, i) => {
      expect(probabilities[i]).toBeCloseTo(value, 6);
    });
    const measured = { labels: Uint8Array.from(rows, ({ label }) => Number(label)), probabilities };
    expect(rocOf(measured).auc).toBeCloseTo(0.857616984621621, 7);
    expect(measure(measured, 0.5, null).metrics.logLoss).toBeCloseTo(0.460455151659157, 7);
  });

  it('is the same whether the rows are kept or read once a pass', async () => {
    const many = learnableRows(1, 25_000);
    const features = [
      ...numberFeatures(2),
      { feature: 'c', kind: 'category' as const },
      { feature: 'd', kind: 'boolean' as const },
    ];
    const counted = summaryOf(many, features);
    const kept = await logistic(many, counted);
    expect(kept.passes).toBeGreaterThan(3);
    expect(await logistic(many, counted, 50_000)).toEqual(kept);
  });

  it('has a solution on separable, constant, identical and very large columns, by its ridge', async () => {
    const made = Array.from({ length: 60 }, (_, i): Row => {
      const x = i - 29.5;
      return { label: x > 0, values: [x, 7, x, x * 1e80, null] };
    });
    const parameters = await logistic(made, summaryOf(made, numberFeatures(5)));
    const [first, constant, same, large, missing] = parameters.terms.map((term) =>
      term.kind === 'number' ? term.linear : NaN,
    );
    expect(first).toBeGreaterThan(0.5);
    expect([constant, missing]).toEqual([0, 0]);
    expect([same, large]).toEqual([expect.closeTo(first!, 8), expect.closeTo(first!, 8)]);
    expect(scoresOf(parameters, made).map((probability) => probability > 0.5)).toEqual(made.map(({ label }) => label));
  });
});

describe('naive Bayes', () => {
  it("has the log-odds of scikit-learn's estimates on the fixture", () => {
    const rows = fixtureRows();
    const found = scoresOf(fitNaiveBayes(summaryOf(rows, fixtureFeatures)), rows.slice(0, 5)).map(logOdds);
    [0.62651444, -2.12331025, 0.70442225, -1.33247717, -1.86208671].forEach((value, i) => {
      expect(found[i]).toBeCloseTo(value, 5);
    });
  });

  it('lets a missing value, and a column that one class never has, say nothing', () => {
    const rows = fixtureRows();
    const prior = Math.log(223 / 177);
    const [nothing] = scoresOf(fitNaiveBayes(summaryOf(rows, fixtureFeatures)), [
      { label: true, values: [null, null, null, null] },
    ]);
    expect(logOdds(nothing!)).toBeCloseTo(prior, 10);
    const half = rows.map(({ label, values }) => ({ label, values: [label ? null : values[0]!] }));
    const [unheard] = scoresOf(fitNaiveBayes(summaryOf(half, numberFeatures(1))), [{ label: true, values: [40] }]);
    expect(logOdds(unheard!)).toBeCloseTo(prior, 10);
  });

  it('stays a probability where a class does not vary and where a number is far out', () => {
    const rows = Array.from({ length: 40 }, (_, i): Row => ({ label: i % 2 === 0, values: [i % 2 === 0 ? 5 : i] }));
    const parameters = fitNaiveBayes(summaryOf(rows, numberFeatures(1)));
    const far: Row[] = [5, -1e99, 1e99, 5.0001].map((value) => ({ label: true, values: [value] }));
    for (const probability of scoresOf(parameters, far)) {
      expect(probability).toBeGreaterThan(0);
      expect(probability).toBeLessThan(1);
    }
    expect(scoresOf(parameters, far)[0]).toBeGreaterThan(0.9);
  });
});

describe('a value that training has not seen', () => {
  it('is scored as any other category, and NaN, infinity and what is too large as missing', async () => {
    const rows = learnableRows(3, 400).map(({ label, values }) => ({ label, values: [values[1]!, values[2]!] }));
    const features = [...numberFeatures(1), { feature: 'c', kind: 'category' as const }];
    const summary = summaryOf(rows, features);
    for (const parameters of [fitNaiveBayes(summary), await logistic(rows, summary)]) {
      const score = makeScorer(parameters);
      const missing = score([null, 'a']);
      expect([Number.NaN, Infinity, -Infinity, 1e101].map((value) => score([value, 'a']))).toEqual(
        Array(4).fill(missing),
      );
      expect(score([1, "'; drop table x; --"])).toBe(score([1, 'unheard of']));
      // Cut by characters, as the database cuts: 100 of two units each.
      expect(score([1, '😀'.repeat(100)])).toBe(score([1, '😀'.repeat(101)]));
    }
  });
});

describe('the rule of the first promotion', () => {
  const features: { feature: string; kind: 'number' | 'category' | 'boolean' }[] = [
    ...numberFeatures(2),
    { feature: 'c', kind: 'category' },
    { feature: 'd', kind: 'boolean' },
  ];
  type Kind = 'naive_bayes' | 'logistic';
  type Table = { rows: Row[]; columns?: typeof features };
  const alike = ({ values }: Row) => JSON.stringify(values);

  /** What choose-split.ts counts in the database. */
  function repeatsOf(rows: Row[], columns: typeof features): Repeats {
    const classes = new Map<string, [number, number]>();
    for (const row of rows) {
      const found = classes.get(alike(row)) ?? [0, 0];
      found[row.label ? 1 : 0] += 1;
      classes.set(alike(row), found);
    }
    const repeated = [...classes.values()].filter(([a, b]) => a + b > 1);
    const valuesOf = ({ kind }: (typeof columns)[number], i: number) =>
      kind === 'category' ? new Set(rows.map(({ values }) => values[i])).size : 2;
    return {
      ...{ rows: rows.length, combinations: classes.size, repeated: repeated.length },
      mixed: repeated.filter(([a, b]) => a > 0 && b > 0).length,
      values: columns.map(valuesOf).reduce((sum, one) => sum + one, 0),
    };
  }

  async function isPromoted(kind: Kind, { rows, columns = features }: Table): Promise<boolean> {
    const by = splitBy(repeatsOf(rows, columns), true);
    const places = new Map<string, number>();
    // Which rows are one: those of the same features, or each by its key. Every fifth of them is held out, by chance.
    const groupOf = rows.map((row, i) => {
      const name = by === 'features' ? alike(row) : String(i);
      if (!places.has(name)) places.set(name, places.size);
      return places.get(name)!;
    });
    const random = randomOf(rows.length + places.size);
    const held = Array.from({ length: places.size }, () => random() < 0.2);
    const isHeld = (_: unknown, i: number) => held[groupOf[i]!]!;
    const holdout = rows.filter(isHeld);
    const training = rows.filter((row, i) => !isHeld(row, i));
    const summary = summaryOf(training, columns);
    const parameters = kind === 'logistic' ? await logistic(training, summary) : fitNaiveBayes(summary);
    const measured = {
      labels: Uint8Array.from(holdout, ({ label }) => Number(label)),
      probabilities: Float64Array.from(scoresOf(parameters, holdout)),
      groups: Float64Array.from(groupOf.filter(isHeld)),
    };
    const { metrics } = measure(measured, summary.rows[1] / training.length, null);
    return decidePromotion(metrics, holdout.length).promoted;
  }
  const repeat = (rows: Row[], times: number) => Array.from({ length: times }, () => rows).flat();
  async function countPromoted(kind: Kind, seeds: number, tableOf: (seed: number) => Table): Promise<number> {
    let promoted = 0;
    for (let seed = 1; seed <= seeds; seed += 1) if (await isPromoted(kind, tableOf(seed))) promoted += 1;
    return promoted;
  }

  // The README has the rates that this measures.
  it.each([
    ['logistic', 0.5],
    ['logistic', 0.1],
    ['naive_bayes', 0.5],
    ['naive_bayes', 0.1],
  ] as const)(
    'promotes %s on noise with a share of %d for fewer than one seed in fifty, of 500',
    async (kind, share) => {
      expect(await countPromoted(kind, 500, (seed) => ({ rows: noiseRows(seed, 600, share) }))).toBeLessThan(10);
    },
    120_000,
  );

  it.each([
    ['logistic', 2],
    ['logistic', 5],
    ['logistic', 10],
    ['naive_bayes', 2],
    ['naive_bayes', 10],
  ] as const)(
    'promotes %s on noise whose rows are there %d times for fewer than one seed in fifty, of 200',
    async (kind, times) => {
      const tableOf = (seed: number) => ({ rows: repeat(noiseRows(seed, 600), times) });
      expect(await countPromoted(kind, 200, tableOf)).toBeLessThan(4);
    },
    120_000,
  );

  it.each(['logistic', 'naive_bayes'] as const)(
    'promotes %s on what can be learned from few combinations, pure or with chance left',
    async (kind) => {
      const columns = (['d', 'e'] as const).map((feature) => ({ feature, kind: 'boolean' as const }));
      const flags = (seed: number, chanceOf: (both: boolean) => number) => {
        const random = randomOf(seed);
        return Array.from({ length: 2_000 }, (): Row => {
          const values = [random() < 0.5, random() < 0.5];
          return { values, label: random() < chanceOf(values[0]! && values[1]!) };
        });
      };
      const pure = (seed: number) => ({ columns, rows: flags(seed, Number) });
      const mixed = (seed: number) => ({ columns, rows: flags(seed, (both) => (both ? 0.95 : 0.25)) });
      for (const tableOf of [pure, mixed]) expect(await countPromoted(kind, 50, tableOf)).toBe(50);
    },
    120_000,
  );

  it.each(['logistic', 'naive_bayes'] as const)(
    'promotes %s on what can be learned for each of 100 seeds',
    async (kind) => {
      for (let seed = 1; seed <= 100; seed += 1)
        expect(await isPromoted(kind, { rows: learnableRows(seed, 2_000) }), `seed ${seed}`).toBe(true);
    },
    120_000,
  );
});
