import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { updateModel } from './models.ts';
import { runTraining } from './run-training.ts';
import { learnableRows, openTrainer, type Trainer } from './testing/index.ts';
import { listVersions } from './versions.ts';

const db = await testDatabase();
let trainer: Trainer;
beforeAll(async () => {
  trainer = await openTrainer(db, 'ends');
});

describe('a training that runs', () => {
  it.each(['logistic', 'naive_bayes'] as const)(
    'of %s is seen to read, to fit and to score, and then no more',
    async (kind) => {
      await trainer.load('facts', learnableRows(21, 1_000));
      const { id } = await trainer.define({ kind });
      const seen: unknown[] = [];
      const look = async () => {
        const { items } = await listVersions(trainer.ctx, { id, limit: 1 });
        seen.push([items[0]?.status, items[0]?.phase]);
      };
      const outcome = await runTraining(trainer.ctx, id, {
        signal: AbortSignal.timeout(60_000),
        failPoint: (at) => (at === 'begun' ? look() : undefined),
        onPhase: look,
      });
      expect(outcome?.status).toBe('ready');
      await look();
      expect(seen).toEqual([
        ['training', 'reading'],
        ['training', 'fitting'],
        ['training', 'scoring'],
        ['ready', null],
      ]);
    },
  );

  it('is not held up and does not fail where its phase cannot be written down', async () => {
    await trainer.load('facts', learnableRows(22, 1_000));
    const { id } = await trainer.define();
    await db.owner.unsafe(`
      create function refuse_phase() returns trigger language plpgsql as $$ begin raise exception 'no phase'; end $$;
      create trigger refuse_phase before update of phase on model_versions for each row
        when (new.model_id = '${id}') execute function refuse_phase();`);
    try {
      expect(await trainer.train(id)).toMatchObject({ status: 'ready' });
    } finally {
      await db.owner.unsafe('drop trigger refuse_phase on model_versions; drop function refuse_phase()');
    }
  });
});

describe('a training that is ended', () => {
  let fenced = 0;
  const refused = { version: 1, status: 'ready', promoted: false } as const;
  it('leaves a failed version with its reason and nothing of what it had computed', async () => {
    await trainer.load('facts', learnableRows(9, 2_000));
    const { id } = await trainer.define();
    // The rows of this table take their time: half a second each thousand.
    await trainer.run(
      `create or replace view $schema.slow as select f.*, (select count(*) from generate_series(1, 20000) g where g <> f.id) as n from $schema.facts f`,
    );
    await updateModel(trainer.ctx, { id, revision: 1, sourceTable: 'slow', features: ['x', 'n'] });
    const controller = new AbortController();
    const begun = Promise.withResolvers<void>();
    const training = runTraining(trainer.ctx, id, {
      signal: controller.signal,
      failPoint: (at) => at === 'begun' && begun.resolve(),
    });
    await begun.promise;
    expect(await trainer.get(id)).toMatchObject({ state: 'training' });
    await expect(runTraining(trainer.ctx, id, { signal: controller.signal })).rejects.toMatchObject({
      code: 'MODEL_TRAINING',
    });
    controller.abort(new Error('enough'));
    expect(await training).toMatchObject({
      version: 1,
      status: 'failed',
      reason: expect.stringContaining('took longer'),
    });
    const [row] =
      await db.owner`select status, parameters, metrics, promoted from model_versions where model_id = ${id}`;
    expect(row).toEqual({ status: 'failed', parameters: null, metrics: null, promoted: false });
    expect(await trainer.get(id)).toMatchObject({ state: 'failed', live: null });
    await trainer.run('drop view $schema.slow');
  });

  it('records nothing when another has taken its version over, as failed', async () => {
    await trainer.load('facts', learnableRows(12, 500));
    const { id } = await trainer.define();
    let taken = false;
    const outcome = await runTraining(trainer.ctx, id, {
      signal: AbortSignal.timeout(60_000),
      fence: async () => {
        const rows = await db.owner`update model_versions set status = 'failed', promoted = false, reason = 'taken',
          trained_at = now() where model_id = ${id} and status = 'training' returning 1`;
        taken ||= rows.length > 0;
      },
    });
    expect(taken).toBe(true);
    expect(outcome).toMatchObject({ status: 'failed', reason: expect.stringContaining('given up by another') });
    expect(await db.owner`select 1 from audit_log where target_id = ${id} and action = 'model.train'`).toHaveLength(0);
  });

  it('is not put live when the model was changed meanwhile', async () => {
    await trainer.load('facts', learnableRows(10, 2_000));
    const { id } = await trainer.define();
    const outcome = await runTraining(trainer.ctx, id, {
      signal: AbortSignal.timeout(60_000),
      // The second transaction that writes is the one that records.
      fence: async () => {
        fenced += 1;
        if (fenced === 2) await updateModel(trainer.ctx, { id, revision: 1, features: ['x'] });
      },
    });
    expect(outcome).toEqual({ ...refused, reason: 'the model was changed while this version was trained' });
    expect(await trainer.get(id)).toMatchObject({ live: null, last: { version: 1, status: 'ready' } });
  });
});
