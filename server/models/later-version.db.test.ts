import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { updateModel } from './models.ts';
import { scoreRows } from './score-rows.ts';
import { bandRows, learnableRows, openTrainer, type Trainer } from './testing/index.ts';
import { getVersion, listVersions, promoteVersion } from './versions.ts';

const db = await testDatabase();
let trainer: Trainer;
beforeAll(async () => {
  trainer = await openTrainer(db, 'later');
});

const KINDS = ['logistic', 'naive_bayes'] as const;

describe('a later version', () => {
  it('is put live when it is not worse on the same rows, and kept with its reason when it is', async () => {
    await trainer.load('facts', learnableRows(7, 3_000));
    const { id } = await trainer.define({ features: ['x'] });
    expect(await trainer.train(id)).toMatchObject({ version: 1, promoted: true });
    await updateModel(trainer.ctx, { id, revision: 1, features: ['x', 'y', 'letter', 'flag'] });
    const better = await trainer.train(id);
    expect(better).toMatchObject({
      version: 2,
      promoted: true,
      reason: expect.stringContaining("not worse than the live version 1's"),
    });
    await updateModel(trainer.ctx, { id, revision: 2, features: ['x'] });
    const worse = await trainer.train(id);
    expect(worse).toMatchObject({
      version: 3,
      promoted: false,
      reason: expect.stringContaining("worse than the live version 2's"),
    });
    const { metrics } = await getVersion(trainer.ctx, { id, version: 3 });
    expect(metrics!.live).toMatchObject({ version: 2 });
    // The same hold-out: what version 2 got there is what it got before.
    expect(metrics!.live!.logLoss).toBeCloseTo(
      (await getVersion(trainer.ctx, { id, version: 2 })).metrics!.logLoss,
      10,
    );
    expect(await trainer.get(id)).toMatchObject({ live: { version: 2 }, last: { version: 3 } });
    const { items } = await listVersions(trainer.ctx, { id, limit: 10 });
    expect(items.map(({ version, isLive, wasLive, promoted }) => [version, isLive, wasLive, promoted])).toEqual([
      ...[[3, false, false, false]],
      ...[[2, true, true, true]],
      ...[[1, false, true, true]],
    ]);
    await expect(
      promoteVersion(trainer.ctx, { id, version: 3, reason: 'try', acceptWorse: false, acceptOther: false }),
    ).rejects.toMatchObject({
      code: 'MODEL_VERSION_WORSE',
      message: expect.stringContaining('version 3 is worse than version 2, which is live: on the same hold-out'),
    });
    expect(
      await promoteVersion(trainer.ctx, { id, version: 1, reason: 'roll back', acceptWorse: true, acceptOther: false }),
    ).toMatchObject({
      warning: expect.stringContaining('worse'),
    });
    expect((await scoreRows(trainer.ctx, { id, rows: [{ x: 1 }] })).version).toBe(1);
    // Its training did not put it live; a person does, and another takes its place.
    const place = { id, reason: 'try', acceptWorse: true, acceptOther: false };
    await promoteVersion(trainer.ctx, { ...place, version: 3 });
    await promoteVersion(trainer.ctx, { ...place, version: 1 });
    expect(await getVersion(trainer.ctx, { id, version: 3 })).toMatchObject({
      ...{ isLive: false, wasLive: true, promoted: false },
    });
    // Back up again is no step down.
    expect(
      await promoteVersion(trainer.ctx, { id, version: 2, reason: 'again', acceptWorse: false, acceptOther: false }),
    ).toMatchObject({
      warning: null,
    });
  });

  it('is measured on the rows that were held out for the live version, also when the key that told them is gone', async () => {
    await trainer.load('facts', learnableRows(8, 2_000));
    const { id } = await trainer.define();
    expect(await trainer.train(id)).toMatchObject({ promoted: true });
    await trainer.run('alter table $schema.facts drop constraint facts_pkey');
    const { version, reason } = await trainer.train(id);
    expect(reason).toContain('it says the same as the live version 1 of all');
    expect(reason).not.toContain('held out otherwise');
    const { split, metrics } = await getVersion(trainer.ctx, { id, version });
    expect(split).toMatchObject({ by: 'key', columns: ['id'] });
    expect(metrics!.live).toMatchObject({ version: 1 });
    // With its column, too, no row is on the side any more that it was on: the live version is measured all the same.
    await trainer.run('alter table $schema.facts drop column id');
    const other = await trainer.train(id);
    expect(other.reason).toMatch(/the live version 1.*; these were held out otherwise before: version 1 has learned/);
    const seen = await getVersion(trainer.ctx, { id, version: other.version });
    expect([seen.split!.by, seen.metrics!.live!.version]).toEqual(['row', 1]);
  });

  it('of a table that has come to be split otherwise by itself stays out where it is worse than the live one', async () => {
    await trainer.load('facts', bandRows(16, 2_000, 15));
    const { id } = await trainer.define({ features: ['x', 'flag'] });
    expect(await trainer.train(id)).toMatchObject({ version: 1, promoted: true });
    const splitOf = async (version: number) => (await getVersion(trainer.ctx, { id, version })).split!;
    expect(await splitOf(1)).toMatchObject({ by: 'key', combinations: 40 });
    // More rows, and more values: from here on copies are held out together.
    await trainer.load('facts', bandRows(17, 8_000, 1));
    await updateModel(trainer.ctx, { id, revision: 1, features: ['x'] });
    const worse = await trainer.train(id);
    expect(worse).toMatchObject({ version: 2, promoted: false });
    expect(worse.reason).toMatch(/^its log loss of .* is worse than the live version 1's .* held out otherwise before/);
    expect(await splitOf(2)).toMatchObject({ by: 'features', columns: ['x'], combinations: 300 });
    // By the rule of the first it would have gone live.
    const { metrics } = await getVersion(trainer.ctx, { id, version: 2 });
    expect(metrics!.gain).toBeGreaterThan(2 * metrics!.gainError);
    expect(await trainer.get(id)).toMatchObject({ live: { version: 1 } });
    // With all that the live one has learned from, and more rows, it is not held up.
    await updateModel(trainer.ctx, { id, revision: 2, features: ['x', 'flag'] });
    expect((await trainer.train(id)).reason).toContain("the live version 1's");
    await db.owner`update models set live_version = null where id = ${id}`;
    expect(await trainer.train(id)).toMatchObject({ version: 4, promoted: true });
    expect(await splitOf(4)).toMatchObject({ by: 'features', columns: ['flag', 'x'] });
    // Where copies are few again the rows stay on their sides.
    await trainer.load('facts', bandRows(18, 3_000, 1e-6));
    const later = await trainer.train(id);
    expect(later.reason).toMatch(/the live version 4/);
    expect(later.reason).not.toContain('held out otherwise');
    expect(await splitOf(5)).toMatchObject({ by: 'features', columns: ['flag', 'x'] });
  });

  it('of the same rows and features says the same, and is not put in the place of the live one', async () => {
    await trainer.load('facts', learnableRows(13, 1_000));
    for (const kind of KINDS) {
      const { id } = await trainer.define({ kind });
      expect(await trainer.train(id)).toMatchObject({ promoted: true });
      expect(await trainer.train(id)).toEqual({
        ...{ version: 2, status: 'ready', promoted: false },
        reason: expect.stringContaining('it says the same as the live version 1 of all'),
      });
    }
  });

  it('of another label is judged as a first one, saying so', async () => {
    await trainer.load('facts', learnableRows(14, 1_000));
    const { id } = await trainer.define();
    await trainer.train(id);
    await updateModel(trainer.ctx, { id, revision: 1, positive: 'false' });
    expect((await trainer.train(id)).reason).toContain(
      '; the live version 1 is not compared with: its table, label or classes are others',
    );
  });

  it('is put live in the place of one that answers another question only when told so', async () => {
    await trainer.load('facts', learnableRows(15, 1_000));
    const { id } = await trainer.define();
    await trainer.train(id);
    await updateModel(trainer.ctx, { id, revision: 1, positive: 'false' });
    expect(await trainer.train(id)).toMatchObject({ version: 2, promoted: true });
    const back = { id, version: 1, reason: 'as it was', acceptWorse: true, acceptOther: false };
    const message =
      'version 1 answers another question than version 2, which is live: its positive class is "true" and not "false", its negative class is "false" and not "true"';
    await expect(promoteVersion(trainer.ctx, back)).rejects.toMatchObject({ code: 'MODEL_VERSION_OTHER', message });
    expect(await trainer.get(id)).toMatchObject({ live: { version: 2 } });
    expect(await promoteVersion(trainer.ctx, { ...back, acceptWorse: false, acceptOther: true })).toEqual({
      ...{ id, version: 1, warning: message },
    });
    // Nobody is answered by it now: what the model asks is what counts.
    await db.owner`update models set live_version = null where id = ${id}`;
    await expect(promoteVersion(trainer.ctx, back)).rejects.toMatchObject({
      code: 'MODEL_VERSION_OTHER',
      message: expect.stringContaining('than the model asks now'),
    });
    expect(await promoteVersion(trainer.ctx, { ...back, version: 2 })).toMatchObject({ warning: null });
  });

  it('is final once it is trained, for the owner of the database too', async () => {
    const [row] = await db.owner`select model_id from model_versions where status = 'ready' limit 1`;
    await expect(
      db.owner`update model_versions set reason = 'better' where model_id = ${row!.model_id} and status = 'ready'`,
    ).rejects.toThrow('is final');
  });
});
