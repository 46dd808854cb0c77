import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { makeScorer } from './score.ts';
import { scoreRows } from './score-rows.ts';
import { learnableRows, noiseRows, openTrainer, sidesOf, type Trainer } from './testing/index.ts';
import { getVersion } from './versions.ts';

const db = await testDatabase();
let trainer: Trainer;
beforeAll(async () => {
  trainer = await openTrainer(db, 'learns');
});

const KINDS = ['logistic', 'naive_bayes'] as const;

describe('a training', () => {
  it.each(KINDS)(
    'of %s puts what can be learned live, for 20 seeds, measured on the rows held out',
    async (kind) => {
      await trainer.load('facts', learnableRows(1, 10));
      const { id } = await trainer.define({ kind, name: `learnable ${kind}` });
      for (let seed = 1; seed <= 20; seed += 1) {
        await trainer.load('facts', learnableRows(seed, 2_000));
        await db.owner`update models set live_version = null where id = ${id}`;
        const outcome = await trainer.train(id);
        expect(outcome, `seed ${seed}`).toMatchObject({ status: 'ready', promoted: true });
        const { metrics, holdoutRows, trainingRows } = await getVersion(trainer.ctx, { id, version: outcome.version });
        expect(metrics!.auc).toBeGreaterThan(0.7);
        expect(metrics!.logLoss).toBeLessThan(metrics!.baseline.logLoss);
        const { training, holdout } = await sidesOf(trainer, 'facts');
        expect([trainingRows, holdoutRows]).toEqual([training.length, holdout.length]);
      }
    },
    120_000,
  );

  // At a measured rate of 0.65 % (README) twenty seeds would hold a false promotion every eighth time: these hold none.
  it.each(KINDS)(
    'of %s does not put noise live, for 20 seeds',
    async (kind) => {
      await trainer.load('facts', noiseRows(1, 10));
      const { id } = await trainer.define({ kind, name: `noise ${kind}` });
      for (let seed = 1; seed <= 20; seed += 1) {
        await trainer.load('facts', noiseRows(seed, 2_000));
        expect(await trainer.train(id), `seed ${seed}`).toMatchObject({ status: 'ready', promoted: false });
      }
      expect(await trainer.get(id)).toMatchObject({
        state: 'refused',
        live: null,
        last: { reason: expect.stringContaining('to go live') },
      });
    },
    120_000,
  );

  it('is measured by the numbers that a caller is then given', async () => {
    await trainer.load('facts', learnableRows(5, 1_500));
    for (const kind of KINDS) {
      const { id } = await trainer.define({ kind });
      const { version } = await trainer.train(id);
      const { holdout } = await sidesOf(trainer, 'facts');
      const { metrics, parameters } = await getVersion(trainer.ctx, { id, version });
      const rows = holdout.map(({ values: [x, y, letter, flag] }) => ({ x: x!, y: y!, letter: letter!, flag: flag! }));
      const { scores } = await scoreRows(trainer.ctx, { id, rows });
      const losses = scores.map(({ probability }, i) => -Math.log(holdout[i]!.label ? probability : 1 - probability));
      expect(losses.reduce((sum, one) => sum + one, 0) / losses.length).toBeCloseTo(metrics!.logLoss, 10);
      const score = makeScorer(parameters as Parameters<typeof makeScorer>[0]);
      expect(scores[0]!.probability).toBe(score(holdout[0]!.values));
    }
  });

  it('holds out the same rows again, equal rows of a table without key on one side', async () => {
    await trainer.run('drop table if exists $schema.twins; create table $schema.twins (x int, label boolean)');
    await trainer.run('insert into $schema.twins select g % 300, g % 3 = 0 from generate_series(1, 3000) g');
    const { id } = await trainer.define({ sourceTable: 'twins', features: ['x'] });
    const sizes: unknown[] = [];
    for (let i = 0; i < 2; i += 1) {
      const { version } = await trainer.train(id);
      const { trainingRows, holdoutRows, split } = await getVersion(trainer.ctx, { id, version });
      expect(split).toEqual({ by: 'features', columns: ['x'], percent: 20, seed: 20, combinations: 300 });
      sizes.push([trainingRows, holdoutRows]);
      // Each of 300 rows is there ten times, and on one side each time.
      expect(holdoutRows! % 10).toBe(0);
    }
    expect(sizes[0]).toEqual(sizes[1]);
  });

  it('bears nulls, NaN, infinities, tiny and huge numbers, any text and hostile names', async () => {
    const names = { float: 'a"; drop table x; --', exact: "it's", text: 'Ünï 列 $1 ?', whole: 't' };
    const q = (name: string) => `"${name.replaceAll('"', '""')}"`;
    await trainer.run(`drop table if exists $schema."odd "" table"; create table $schema."odd "" table"
      (${q(names.float)} float8, ${q(names.exact)} numeric, ${q(names.text)} text, ${q(names.whole)} bigint, void float8, "select" varchar(9))`);
    await trainer.run(`insert into $schema."odd "" table" select
      (array['NaN', 'Infinity', '-Infinity', '1e308', '-1e-320', null, g::text])[1 + g % 7]::float8,
      (array['NaN', 'Infinity', '1e400', '1e-400', null, g::text])[1 + g % 6]::numeric,
      (array['日本', '😀', E'a\\'b"c\\\\d', null, '$1', ''])[1 + g % 6], (g * 7919) % 1000 - 922337203685477, null,
      case when (g * 7919) % 1000 + (g * 31) % 400 > 700 then 'yes' else 'no' end from generate_series(1, 1500) g`);
    for (const kind of KINDS) {
      const { id } = await trainer.define({
        ...{ kind, sourceTable: 'odd " table', label: 'select', features: [...Object.values(names), 'void'] },
      });
      expect(await trainer.train(id)).toMatchObject({ status: 'ready', promoted: true });
      const { scores } = await scoreRows(trainer.ctx, {
        id,
        rows: [{}, { [names.text]: '日本', [names.float]: 1e308 }],
      });
      for (const { probability } of scores) expect(probability > 0 && probability < 1).toBe(true);
    }
  });

  it('holds out copies of a row together though each has a key, and each by its key where few combinations repeat', async () => {
    await trainer.load('facts', Array.from({ length: 5 }, () => noiseRows(31, 400)).flat());
    const { id } = await trainer.define();
    const copied = await trainer.train(id);
    const version = await getVersion(trainer.ctx, { id, version: copied.version });
    expect(version.split).toMatchObject({ by: 'features', combinations: 400 });
    expect(version.holdoutRows! % 5).toBe(0);
    const [negatives, positives] = version.metrics!.groups;
    expect(5 * (negatives + positives)).toBe(version.holdoutRows);
    expect(copied.promoted).toBe(false);
    const { id: flags } = await trainer.define({ features: ['letter', 'flag'] });
    const { version: few } = await trainer.train(flags);
    expect((await getVersion(trainer.ctx, { id: flags, version: few })).split).toMatchObject({
      ...{ by: 'key', columns: ['id'], combinations: 8 },
    });
  });

  it.each([
    ['no rows', 'select 1, 1.5, true where false', 'no rows with a label'],
    ['no label on any row', 'select g, 1.5, null::boolean from generate_series(1, 100) g', 'no rows with a label'],
    ['one class', 'select g, 1.5, true from generate_series(1, 100) g', 'all of one class'],
    ['one row held out at most', 'select 1, 1.5, true', 'one class'],
  ])('of a table with %s is a failed version that says so', async (_, rows, reason) => {
    await trainer.run(
      `drop table if exists $schema.short; create table $schema.short (id int primary key, x float8, label boolean)`,
    );
    await trainer.run(`insert into $schema.short ${rows}`);
    for (const kind of KINDS) {
      const { id } = await trainer.define({ kind, sourceTable: 'short', features: ['x'] });
      expect(await trainer.train(id)).toEqual({
        version: 1,
        status: 'failed',
        promoted: false,
        reason: expect.stringContaining(reason),
      });
      expect(await trainer.get(id)).toMatchObject({ state: 'failed', live: null, last: { status: 'failed' } });
    }
  });

  it('of constant or empty features learns nothing more than the majority, and is not put live', async () => {
    await trainer.run(
      'drop table if exists $schema.flat; create table $schema.flat (id int primary key, x float8, void text, label boolean)',
    );
    await trainer.run('insert into $schema.flat select g, 0.1, null, g % 4 = 0 from generate_series(1, 1000) g');
    for (const kind of KINDS) {
      const { id } = await trainer.define({ kind, sourceTable: 'flat', features: ['x', 'void'] });
      const outcome = await trainer.train(id);
      expect(outcome).toMatchObject({ status: 'ready', promoted: false });
      const { metrics } = await getVersion(trainer.ctx, { id, version: outcome.version });
      expect(metrics!.gain).toBeCloseTo(0, 6);
      expect(metrics!.auc).toBeCloseTo(0.5, 6);
    }
  });

  it('of a rare class is judged by its probabilities and refused where the hold-out has too few of it', async () => {
    await trainer.run(
      'drop table if exists $schema.rare; create table $schema.rare (id int primary key, x float8, label boolean)',
    );
    const rare = (rows: number) =>
      `insert into $schema.rare select g, (g * 7919) % 9973, (g * 7919) % 9973 > 9574 from generate_series(1, ${rows}) g`;
    await trainer.run(rare(200));
    const { id } = await trainer.define({ sourceTable: 'rare', features: ['x'], kind: 'naive_bayes' });
    expect((await trainer.train(id)).reason).toContain('at least 10 of each are needed');
    await trainer.run('truncate $schema.rare');
    await trainer.run(rare(4_000));
    expect(await trainer.train(id)).toMatchObject({ promoted: true });
  });

  it('says which classes are new, and that a column or the table is gone', async () => {
    await trainer.run('drop table if exists $schema.moving; create table $schema.moving (x int, label text)');
    await trainer.run(
      "insert into $schema.moving select g, case when g % 2 = 0 then 'b' else 'a' end from generate_series(1, 100) g",
    );
    const { id } = await trainer.define({ sourceTable: 'moving', features: ['x'] });
    expect(await trainer.get(id)).toMatchObject({ positive: 'b', negative: 'a' });
    await trainer.run("insert into $schema.moving values (1, 'c'), (2, null)");
    expect((await trainer.train(id)).reason).toContain("1 rows are of neither of the model's two classes");
    await trainer.run('alter table $schema.moving rename x to z');
    expect((await trainer.train(id)).reason).toContain('has no column "x"');
    await trainer.run('drop table $schema.moving');
    expect((await trainer.train(id)).reason).toContain('there is no table "moving"');
  });
});
