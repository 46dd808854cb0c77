import { beforeAll, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { learnableRows, openTrainer, type Trainer } from './testing/index.ts';
import { trainNow } from './train-now.ts';

const db = await testDatabase();
let mine: Trainer;
let theirs: Trainer;
beforeAll(async () => {
  mine = await openTrainer(db, 'mine');
  theirs = await openTrainer(db, 'theirs');
  for (const trainer of [mine, theirs]) await trainer.load('facts', learnableRows(51, 500));
});

/** Runs `work` while nobody can read the tenant's table. */
async function whileLocked(trainer: Trainer, work: () => Promise<void>): Promise<void> {
  await db.owner.begin(async (tx) => {
    await tx.unsafe(`lock table "${trainer.data.schemaName}".facts in access exclusive mode`);
    await work();
  });
}
const trainingsOf = ({ tenant }: Trainer) =>
  db.owner`select 1 from model_versions where tenant_id = ${tenant.id} and status = 'training'`;

it('trains one model of a tenant after the other, and another tenant’s beside them', async () => {
  const models = [await mine.define(), await mine.define(), await mine.define()];
  const other = await theirs.define();
  let trainings: Promise<unknown>[] = [];
  await whileLocked(mine, async () => {
    trainings = models.map(({ id }) => trainNow(mine.ctx, { id }));
    await expect.poll(() => trainingsOf(mine), { timeout: 30_000, interval: 20 }).toHaveLength(1);
    expect(await trainNow(theirs.ctx, other)).toMatchObject({ version: 1, status: 'ready' });
    await expect(trainNow(mine.ctx, models[0]!)).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      message: expect.stringContaining('another model of yours is being trained, and 2 more wait'),
    });
    expect(await trainingsOf(mine)).toHaveLength(1);
  });
  for (const trained of await Promise.all(trainings)) expect(trained).toMatchObject({ version: 1, status: 'ready' });
});

it('trains once for an Idempotency-Key, and answers a retry by that version as it is', async () => {
  const [model, another] = [await mine.define(), await mine.define()];
  const train = (key: string | null) => trainNow(mine.ctx, model, key);
  let first: Promise<unknown>[] = [];
  await whileLocked(mine, async () => {
    // The second waits behind the first, whose key is not to be seen yet.
    first = [train('once'), train('once')];
    await expect.poll(() => trainingsOf(mine), { timeout: 30_000, interval: 20 }).toHaveLength(1);
    expect(await train('once')).toMatchObject({ version: 1, status: 'training' });
  });
  for (const trained of await Promise.all(first)) expect(trained).toMatchObject({ version: 1, status: 'ready' });
  expect(await train('once')).toMatchObject({ version: 1, status: 'ready' });
  await expect(trainNow(mine.ctx, another, 'once')).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
  expect(await train('again')).toMatchObject({ version: 2 });
  expect(await train(null)).toMatchObject({ version: 3 });
});

it('keeps no Idempotency-Key of a training that never began', async () => {
  const { id } = await mine.define();
  const [gone, key] = [{ id: '00000000-0000-7000-8000-000000000009' }, 'not begun'];
  await expect(trainNow(mine.ctx, gone, key)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
  expect(await trainNow(mine.ctx, { id }, key)).toMatchObject({ version: 1, status: 'ready' });
});
