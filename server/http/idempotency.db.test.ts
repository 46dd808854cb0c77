// Requests that come again or at once have one effect.
import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { document, expectProblem, openApi } from './testing/api.ts';
import { makeKey } from './testing/index.ts';

const db = await testDatabase();
const { web, tenant, auth, send, post, makePipeline, countRuns } = await openApi(db);

describe('an Idempotency-Key', () => {
  const run = (id: string, idempotencyKey: string, body: unknown = {}) =>
    post(`/api/v1/pipelines/${id}/run`, body, { ...auth(), 'idempotency-key': idempotencyKey });

  it('makes a second request answer as the first and do nothing', async () => {
    const id = await makePipeline('once');
    const [first, second] = [await run(id, 'a'), await run(id, 'a')];
    expect([first.status, second.status]).toEqual([202, 202]);
    const body = await first.json();
    expect(await second.json()).toEqual(body);
    expect(await countRuns(id)).toBe(1);
    expect(await (await run(id, 'b')).json()).not.toEqual(body);
    expect(await countRuns(id)).toBe(2);
  });

  it('makes ten at once one effect with one answer', async () => {
    const id = await makePipeline('at-once');
    const answers = await Promise.all(Array.from({ length: 10 }, async () => (await run(id, 'at once')).json()));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(await countRuns(id)).toBe(1);
  });

  it('used with another request is refused', async () => {
    const [one, two] = [await makePipeline('reused'), await makePipeline('reused-other')];
    await run(one, 'reused');
    await expectProblem(await run(two, 'reused'), 409, 'IDEMPOTENCY_KEY_REUSED');
    expect(await countRuns(two)).toBe(0);
  });

  it('is forgotten when the request failed, so that it can be tried again', async () => {
    const body = { document: document('tried-again') };
    const make = () => post('/api/v1/pipelines', body, { ...auth(), 'idempotency-key': 'again' });
    await db.owner`insert into pipelines (tenant_id, name) values (${tenant.id}, 'tried-again')`;
    await expectProblem(await make(), 409, 'PIPELINE_NAME_TAKEN');
    await db.owner`delete from pipelines where name = 'tried-again'`;
    expect((await make()).status).toBe(201);
  });

  it('of one operation or tenant means nothing to another', async () => {
    const id = await makePipeline('shared-key');
    await run(id, 'shared');
    const paused = await post(`/api/v1/pipelines/${id}/publish`, {}, { ...auth(), 'idempotency-key': 'shared' });
    expect(paused.status).toBe(200);
    const other = await createTenant(db.owner, { slug: 'other', name: 'Other' });
    const otherKey = { authorization: `Bearer ${await makeKey(db, other)}` };
    const made = await post(
      '/api/v1/pipelines',
      { document: document('mine') },
      { ...otherKey, 'idempotency-key': 'shared' },
    );
    expect(made.status).toBe(201);
  });

  it('works the same by tRPC, and shares its memory with REST', async () => {
    const id = await makePipeline('both-doors');
    const headers = { ...auth(), 'idempotency-key': 'both' };
    const byTrpc = (await (await post('/trpc/pipelines.run', { id }, headers)).json()) as { result: { data: unknown } };
    const byRest = await (await run(id, 'both')).json();
    expect(byRest).toEqual(byTrpc.result.data);
    expect(await countRuns(id)).toBe(1);
  });

  it('has at most 200 characters', async () => {
    const id = await makePipeline('long-key');
    await expectProblem(await run(id, 'x'.repeat(201)), 400, 'INPUT_INVALID');
  });
});

describe('saving a document', () => {
  const save = (id: string, baseVersion: number, description: string) =>
    send('PUT', `/api/v1/pipelines/${id}/ir`, { baseVersion, document: document('edited', description) });

  it('on top of a version that is no longer the latest is refused and loses nothing', async () => {
    const id = await makePipeline('edited');
    expect(await (await save(id, 1, 'first')).json()).toMatchObject({ version: 2 });
    const stale = await expectProblem(await save(id, 1, 'second'), 409, 'VERSION_STALE');
    expect(stale.details).toEqual({ latestVersion: 2, baseVersion: 1 });
    const ir = (await (await web.fetch(`/api/v1/pipelines/${id}/ir`, { headers: auth() })).json()) as Record<
      string,
      unknown
    >;
    expect(ir).toMatchObject({ version: 2, document: { metadata: { description: 'first' } } });
  });

  it('by ten at once lets one through', async () => {
    const id = await makePipeline('edited-at-once');
    const body = (description: string) => ({ baseVersion: 1, document: document('edited-at-once', description) });
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => send('PUT', `/api/v1/pipelines/${id}/ir`, body(`${index}`))),
    );
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, ...Array.from({ length: 9 }, () => 409)]);
  });
});
