import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { transaction } from '#server/lib/index.ts';
import { asTenantRole } from '#server/tenancy/index.ts';
import { readCatalogue } from '#server/tenant-schema/index.ts';
import { trainingTable } from './columns.ts';
import { openReader } from './read-rows.ts';
import { summarize } from './summarize.ts';
import { fixtureFeatures, learnableRows, openTrainer, sidesOf, summaryOf, type Trainer } from './testing/index.ts';

const db = await testDatabase();
let trainer: Trainer;
beforeAll(async () => {
  trainer = await openTrainer(db, 'counts');
});

describe('what is counted in the database', () => {
  it('is what one counts of the training rows alone, by class', async () => {
    await trainer.load('counted', [...learnableRows(11, 700), { values: [null, null, null, null], label: true }]);
    const found = await transaction(db.app, { tenantId: trainer.tenant.id }, async (tx) => {
      const definition = {
        kind: 'logistic',
        sourceTable: 'counted',
        label: 'label',
        positive: 'true',
        negative: 'false',
      } as const;
      const features = ['x', 'y', 'letter', 'flag'];
      const table = trainingTable(await readCatalogue(tx, trainer.data), { ...definition, features });
      return asTenantRole(tx, trainer.data, { statementTimeoutMs: 30_000 }, (connection) =>
        summarize(openReader(connection, new AbortController().signal), table),
      );
    });
    const { training, holdout } = await sidesOf(trainer, 'counted');
    expect(holdout.length / 701).toBeCloseTo(0.2, 1);
    expect(found.holdoutRows).toBe(holdout.length);
    const expected = summaryOf(
      training,
      fixtureFeatures.map((one, i) => ({ ...one, feature: ['x', 'y', 'letter', 'flag'][i]! })),
    );
    const close = (value: unknown): unknown => (typeof value === 'number' ? expect.closeTo(value, 8) : value);
    for (const [i, feature] of expected.features.entries()) {
      const got = found.summary.features[i]!;
      if (feature.kind === 'number') {
        const { mean, variance, ...rest } = feature;
        expect(got).toMatchObject({ ...rest, mean: mean.map(close), variance: variance.map(close) });
      } else if (got.kind !== 'number') {
        expect(got.present).toEqual(feature.present);
        expect(new Map(got.values.map(({ value, rows }) => [value, rows]))).toEqual(
          new Map(feature.values.map(({ value, rows }) => [value, rows])),
        );
      }
    }
    expect(found.summary.rows).toEqual(expected.rows);
  });
});
