import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { runTraining, type TrainingOptions } from './run-training.ts';
import { learnableRows, openTrainer, type Trainer } from './testing/index.ts';

const db = await testDatabase();
let trainer: Trainer;
beforeAll(async () => {
  trainer = await openTrainer(db, 'replaces');
});

const signal = () => AbortSignal.timeout(120_000);
const facts = () => `"${trainer.data.schemaName}".facts`;
/** A statement that waits for the table to be free would wait for as long as a training lives. */
const truncate = () =>
  db.owner.begin(async (tx) => {
    await tx`set local lock_timeout = '10s'`;
    await tx.unsafe(`truncate ${facts()}`);
  });

/** Replaces all rows as a pipeline does, and commits when a training waits for the table. */
async function replaceRows(): Promise<() => Promise<unknown>> {
  const replaced = Promise.withResolvers<void>();
  const done = db.owner.begin(async (tx) => {
    await tx.unsafe(`create temp table kept on commit drop as select * from ${facts()}`);
    await tx.unsafe(`truncate ${facts()}; insert into ${facts()} select * from kept`);
    replaced.resolve();
    await expect
      .poll(() => db.owner`select 1 from pg_locks where relation = ${facts()}::regclass and not granted`, {
        ...{ timeout: 30_000, interval: 20 },
      })
      .toHaveLength(1);
  });
  await Promise.race([replaced.promise, done]);
  return () => done;
}

describe('a table whose rows are replaced', () => {
  it.each([
    ['a table', 'facts'],
    ['a view of it', 'seen'],
  ])('while a training begins is learned from as it is then, by way of %s', async (_, sourceTable) => {
    await trainer.load('facts', learnableRows(41, 1_500));
    await trainer.run('create view $schema.seen as select * from $schema.facts');
    const { id } = await trainer.define({ sourceTable });
    let [begun, done] = [0, async (): Promise<unknown> => undefined];
    const outcome = await runTraining(trainer.ctx, id, {
      signal: signal(),
      fence: async () => {
        begun += 1;
        if (begun === 1) done = await replaceRows();
      },
    });
    await done();
    expect(outcome).toMatchObject({ status: 'ready', promoted: true });
    await trainer.run('drop view $schema.seen');
  });

  it.each(['logistic', 'naive_bayes'] as const)('does not wait for a fit of %s', async (kind) => {
    await trainer.load('facts', learnableRows(42, 1_500));
    const { id } = await trainer.define({ kind });
    const reached: string[] = [];
    const failPoint: TrainingOptions['failPoint'] = async (name) => {
      reached.push(name);
      if (name === 'read') await truncate();
    };
    const outcome = await runTraining(trainer.ctx, id, { signal: signal(), failPoint });
    expect(outcome).toMatchObject({ status: 'ready', promoted: true });
    expect(reached).toEqual(['begun', 'read', 'trained', 'recorded']);
    expect(await trainer.run('select 1 from $schema.facts limit 1')).toEqual([]);
  });
});

describe('a model', () => {
  it('is not trained by two at once, also while nothing is read, and can be again when the first is done', async () => {
    await trainer.load('facts', learnableRows(43, 500));
    const { id } = await trainer.define();
    const first = await runTraining(trainer.ctx, id, {
      signal: signal(),
      async failPoint(name) {
        if (name === 'recorded') return;
        await expect(runTraining(trainer.ctx, id, { signal: signal() })).rejects.toMatchObject({
          code: 'MODEL_TRAINING',
        });
      },
    });
    expect(first).toMatchObject({ version: 1, status: 'ready' });
    expect(await trainer.train(id)).toMatchObject({ version: 2, status: 'ready' });
  });
});
