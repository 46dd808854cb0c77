import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { makeKey, openWeb } from '#server/http/testing/index.ts';
import { learnableRows, openTrainer, type Trainer } from './testing/index.ts';

const db = await testDatabase();
const web = await openWeb(db);
let trainer: Trainer;
let key: string;
let strangerKey: string;

beforeAll(async () => {
  trainer = await openTrainer(db, 'acme');
  key = await makeKey(db, trainer.tenant);
  strangerKey = await makeKey(db, (await openTrainer(db, 'stranger')).tenant);
  await trainer.load('facts', learnableRows(4, 1_500));
  await trainer.run(
    'create table $schema.shapes (id int, at timestamptz, x float8, three text, one text, yes int, doc jsonb)',
  );
  await trainer.run(
    "insert into $schema.shapes select g, now(), g, 'v' || g % 3, 'only', 1 - 2 * (g % 2), '{}' from generate_series(1, 30) g",
  );
});

type Answer = { status: number; body: Record<string, unknown> };
async function ask(method: string, path: string, body?: unknown, as = key): Promise<Answer> {
  const answer = await web.fetch(`/api/v1/models${path}`, {
    ...{ method, headers: { authorization: `Bearer ${as}`, 'content-type': 'application/json' } },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}
const model = {
  ...{ name: 'will buy', kind: 'logistic', sourceTable: 'facts', features: ['x', 'letter'], label: 'label' },
};

describe('a model', () => {
  it.each([
    [{ sourceTable: 'nothing' }, 'there is no table "nothing"'],
    [{ features: ['x', 'gone'] }, 'features: the table "shapes" has no column "gone"'],
    [
      { features: ['x', 'at'] },
      'features: the column "at" is timestamp with time zone; a feature is a number, boolean or text',
    ],
    [{ features: ['doc'] }, 'features: the column "doc" is jsonb'],
    [{ features: ['x', 'x'] }, 'features: "x" is named twice'],
    [{ features: ['yes'] }, 'features: "yes" is the label and cannot also be a feature'],
    [
      { label: 'x', features: ['id'] },
      'label: the column "x" is double precision; a label is a boolean, a whole number or text',
    ],
    [{ label: 'gone' }, 'label: the table "shapes" has no column "gone"'],
    [{ label: 'three' }, 'label: the column "three" has more than two values ("v0", "v1", "v2", …)'],
    [{ label: 'one' }, 'label: the column "one" has 1 of the two values that are needed ("only")'],
    [{ positive: '7' }, 'positive: the column "yes" has no value "7"; it has "-1", "1"'],
  ])('saved with %j is refused with words that name the column', async (change, message) => {
    const answer = await ask('POST', '', { ...model, sourceTable: 'shapes', features: ['x'], label: 'yes', ...change });
    expect(answer).toMatchObject({
      status: 422,
      body: { code: 'MODEL_INVALID', message: expect.stringContaining(message) },
    });
  });

  it.each([
    [{ schedule: { cron: '61 * * * *' } }, 'cron'],
    [{ schedule: { cron: '0 2 * * *', timezone: 'Mars/Olympus' } }, 'Mars/Olympus'],
    [{ features: [] }, 'name at least one column'],
    [{ features: Array.from({ length: 31 }, (_, i) => `x${i}`) }, 'features'],
  ])('saved with %j is refused as input', async (change, message) => {
    const answer = await ask('POST', '', { ...model, ...change });
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'INPUT_INVALID', message: expect.stringContaining(message) },
    });
  });

  it('is trained by the first fire of the job from when it is due on, where there is one', async () => {
    const made = await ask('POST', '', { ...model, name: 'nightly', schedule: { cron: '30 3 * * *' } });
    const at = `/${made.body.id}`;
    await db.owner`update models set next_at = '2026-05-04T03:30:00Z' where name = 'nightly'`;
    const set = (schedule: string | null, next: string | null) => db.owner`
      insert into cron_jobs (job, schedule, next_fire_at) values ('scheduledRetrains', ${schedule}, ${next})
      on conflict (job) do update set schedule = excluded.schedule, next_fire_at = excluded.next_fire_at`;
    const trainsAt = async () => {
      const one = (await ask('GET', at)).body;
      const all = (await ask('GET', '')).body.items as { name: string; trainsAt: string | null }[];
      expect(one.nextAt).toBe('2026-05-04T03:30:00.000Z');
      expect(all.find(({ name }) => name === 'nightly')?.trainsAt).toBe(one.trainsAt);
      return one.trainsAt;
    };
    expect(await trainsAt()).toBeNull();
    for (const [schedule, next, expected] of [
      ['0 2 * * *', '2026-05-03T02:00:00Z', '2026-05-05T02:00:00.000Z'],
      ['30 3 * * *', '2026-05-03T03:30:00Z', '2026-05-04T03:30:00.000Z'],
      // It is due already: what fires next trains it.
      ['0 2 * * *', '2026-05-20T02:00:00Z', '2026-05-20T02:00:00.000Z'],
      [null, null, null],
    ] as const) {
      await set(schedule, next);
      expect(await trainsAt()).toBe(expected);
    }
    await ask('DELETE', at);
  });

  it('is created, changed on what was read, trained, scored with, rolled back and deleted', async () => {
    const made = await ask('POST', '', { ...model, schedule: { cron: '0 2 * * *', timezone: 'Asia/Tokyo' } });
    expect(made).toMatchObject({ status: 201, body: { revision: 1 } });
    const at = `/${made.body.id}`;
    expect(await ask('POST', '', model)).toMatchObject({ status: 409, body: { code: 'MODEL_NAME_TAKEN' } });
    expect((await ask('GET', at)).body).toMatchObject({
      ...{ state: 'untrained', live: null, last: null, positive: 'true', negative: 'false' },
      nextAt: expect.stringMatching(/T17:00:00.000Z$/),
    });
    expect(await ask('POST', `${at}/score`, { rows: [{}] })).toMatchObject({
      status: 409,
      body: { code: 'MODEL_NOT_LIVE' },
    });
    expect(await ask('PATCH', at, { revision: 1, features: ['x'], schedule: null })).toMatchObject({
      body: { revision: 2 },
    });
    expect(await ask('PATCH', at, { revision: 1, name: 'late' })).toMatchObject({
      status: 409,
      body: { code: 'MODEL_CHANGED' },
    });
    expect((await ask('GET', at)).body).toMatchObject({
      features: ['x'],
      schedule: null,
      nextAt: null,
      name: 'will buy',
    });
    expect(await ask('POST', `${at}/train`)).toMatchObject({
      status: 200,
      body: { version: 1, status: 'ready', isLive: true },
    });
    await ask('PATCH', at, { revision: 2, features: ['x', 'y', 'letter', 'flag'], kind: 'naive_bayes' });
    expect(await ask('POST', `${at}/train`)).toMatchObject({
      status: 200,
      body: { version: 2, isLive: true, kind: 'naive_bayes' },
    });

    const scored = await ask('POST', `${at}/score`, {
      rows: [{ x: 2, y: 80, letter: 'a', flag: true }, { x: -2 }, { letter: 'ü' }],
    });
    const [high, low, unknown] = (scored.body as { scores: { probability: number }[] }).scores.map(
      (one) => one.probability,
    );
    expect(scored.body).toMatchObject({ version: 2, positive: 'true' });
    expect(high).toBeGreaterThan(0.8);
    expect(low).toBeLessThan(0.3);
    expect(unknown! > 0 && unknown! < 1).toBe(true);

    expect(await ask('POST', `${at}/promote`, { version: 1, reason: 'as it was' })).toMatchObject({
      status: 409,
      body: { code: 'MODEL_VERSION_WORSE' },
    });
    const back = await ask('POST', `${at}/promote`, { version: 1, reason: 'as it was', acceptWorse: true });
    expect(back).toMatchObject({ status: 200, body: { version: 1, warning: expect.stringContaining('worse') } });
    expect((await ask('GET', `${at}/versions/1`)).body).toMatchObject({
      isLive: true,
      promotions: [
        { reason: 'as it was', before: 2, promotedBy: 'api_key:'.concat(String(await keyId())) },
        { before: null },
      ],
    });
    const [audit] =
      await db.owner`select details from audit_log where action = 'model.promote' order by id desc limit 1`;
    expect(audit!.details).toMatchObject({ version: 1, before: 2, reason: 'as it was' });
    expect((await ask('GET', '')).body).toMatchObject({ items: [{ name: 'will buy', live: { version: 1 } }] });
    expect(await ask('DELETE', at)).toMatchObject({ status: 200 });
    expect(await ask('GET', at)).toMatchObject({ status: 404, body: { code: 'MODEL_NOT_FOUND' } });
  });

  it('is trained once for one Idempotency-Key', async () => {
    const { id } = await trainer.define();
    const headers = { authorization: `Bearer ${key}`, 'idempotency-key': 'a retry' };
    const train = async () =>
      (await web.fetch(`/api/v1/models/${id}/train`, { method: 'POST', headers })).json() as Promise<unknown>;
    expect([await train(), await train()]).toMatchObject([{ version: 1 }, { version: 1 }]);
    expect((await ask('GET', `/${id}/versions`)).body).toMatchObject({ items: [{ version: 1 }] });
  });

  const keyId = async () => (await db.owner`select id from api_keys where tenant_id = ${trainer.tenant.id}`)[0]!.id;

  it('refuses to score what it does not know, naming row and feature', async () => {
    const { id } = await trainer.define({ features: ['x', 'letter', 'flag'] });
    await trainer.train(id);
    const score = (rows: unknown[], more = {}) => ask('POST', `/${id}/score`, { rows, ...more });
    expect(await score([{}, { z: 1 }])).toMatchObject({
      status: 400,
      body: { message: 'rows.1: the model has no feature "z"; it has "x", "letter", "flag"' },
    });
    expect(await score([{ x: '1' }])).toMatchObject({
      body: { message: expect.stringContaining('rows.0.x: "1" is not a number') },
    });
    expect(await score([{ letter: 1 }])).toMatchObject({
      body: { message: expect.stringContaining('rows.0.letter: 1 is not a text') },
    });
    expect(await score([{ flag: 'yes' }])).toMatchObject({
      body: { message: expect.stringContaining('is not a boolean') },
    });
    expect(await score([{ toString: 1 }])).toMatchObject({ status: 400 });
    expect(await score([{}], { version: 9 })).toMatchObject({ status: 404, body: { code: 'MODEL_VERSION_NOT_FOUND' } });
    expect((await score(Array.from({ length: 1_001 }, () => ({})))).status).toBe(400);
    const nothing = (await score([{}, { x: null, letter: null }])).body as { scores: { probability: number }[] };
    expect(nothing.scores[0]).toEqual(nothing.scores[1]);
  });

  it('is refused at the limit, also when two are created at once', async () => {
    const full = await openTrainer(db, 'full');
    await full.load('facts', learnableRows(3, 50));
    await db.owner`insert into models (tenant_id, name, kind, source_table, features, label, positive, negative,
        created_by, updated_by)
      select ${full.tenant.id}, 'model ' || g, 'logistic', 'facts', '["x"]', 'label', 'true', 'false', 'ada', 'ada'
      from generate_series(1, 97) g`;
    const made = await Promise.allSettled(Array.from({ length: 6 }, () => full.define()));
    const refused = made.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
    expect(refused).toMatchObject(Array.from({ length: 3 }, () => ({ code: 'MODELS_FULL' })));
    const [{ models } = { models: 0 }] = await db.owner<{ models: number }[]>`
      select count(*)::int as models from models where tenant_id = ${full.tenant.id}`;
    expect(models).toBe(100);
  });

  it('is renamed by one of two that want the same name at once, and the other is told so, 20 times', async () => {
    const made = [];
    for (const name of ['left', 'right']) made.push((await ask('POST', '', { ...model, name })).body.id);
    const ids = made.map(String);
    for (let round = 1; round <= 20; round += 1) {
      const revisions = await Promise.all(ids.map(async (id) => (await ask('GET', `/${id}`)).body.revision));
      const answers = await Promise.all(
        ids.map((id, at) => ask('PATCH', `/${id}`, { name: `wanted ${round}`, revision: revisions[at] })),
      );
      expect(answers.map(({ status }) => status).sort(), `round ${round}`).toEqual([200, 409]);
      expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({ code: 'MODEL_NAME_TAKEN' });
    }
    for (const id of ids) expect((await ask('DELETE', `/${id}`)).status).toBe(200);
  });

  it('is nowhere for another tenant', async () => {
    const { id } = await trainer.define();
    for (const [method, path, body] of [
      ['GET', `/${id}`],
      ['POST', `/${id}/train`],
      ['POST', `/${id}/score`, { rows: [{}] }],
      ['GET', `/${id}/versions`],
      ['DELETE', `/${id}`],
    ] as const)
      expect(await ask(method, path, body, strangerKey)).toMatchObject({
        status: 404,
        body: { code: 'MODEL_NOT_FOUND' },
      });
    expect((await ask('GET', '/tables', undefined, strangerKey)).body).toEqual({ items: [] });
    expect((await ask('GET', '/tables')).body).toMatchObject({
      items: [
        {
          name: 'facts',
          columns: expect.arrayContaining([{ name: 'letter', type: 'text', feature: 'category', canBeLabel: true }]),
        },
        { name: 'shapes' },
      ],
    });
  });
});
