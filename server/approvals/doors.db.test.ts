import { expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { createCaller } from '#server/api/index.ts';
import { openWeb } from '#server/http/testing/index.ts';
import { hashToken, newToken } from '#server/lib/index.ts';
import { openGoverned, type Person } from '#server/pipelines/testing/index.ts';

const db = await testDatabase();
const web = await openWeb(db);

/** What the API is for a person. */
const apiOf = ({ ctx }: Person) =>
  createCaller({
    ...{ pool: ctx.pool, requestId: 'test', log: ctx.log, idempotencyKey: null },
    caller: { credential: 'session', actor: ctx.actor, userName: '', tenant: ctx.tenant },
  });

/** The same over HTTP, as a browser that is signed in. */
async function restOf({ id }: Person) {
  const token = newToken();
  await db.app`select auth_session_open(${id}, ${hashToken(token)}, 'test', 3600)`;
  const headers = {
    cookie: `mainspring_session=${token}`,
    ...{ origin: web.baseUrl, 'content-type': 'application/json' },
  };
  return async (method: string, path: string, body: object) => {
    const answer = await web.fetch(`/api/v1${path}`, { method, headers, body: JSON.stringify(body) });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
}

it('documents that are applied are saved and wait, each for itself, and applying them again asks for nothing new', async () => {
  const house = await openGoverned(db, 'doors-apply');
  const one = await house.person('one');
  const api = apiOf(house.ada);
  const existing = await house.pipeline('existing');
  const items = [
    { document: house.described('existing', 'by document'), baseVersion: 2 },
    { document: house.described('governed', 'new'), baseVersion: null },
    { document: house.described('free', 'new', {}), baseVersion: null },
  ];
  const { items: plan } = await api.gitops.planDocuments({ documents: items.map(({ document }) => document) });
  expect(plan.map(({ name, needsApproval }) => [name, needsApproval])).toEqual([
    ...[
      ['existing', true],
      ['governed', true],
      ['free', false],
    ],
  ]);
  const { items: applied } = await api.gitops.applyDocuments({ items, publish: true });
  expect(applied).toMatchObject([
    {
      name: 'existing',
      result: 'waiting',
      version: 3,
      isPublished: false,
      message: expect.stringContaining('approval'),
    },
    { name: 'governed', result: 'waiting', version: 1, isPublished: false },
    { name: 'free', result: 'created', version: 1, isPublished: true, changeRequestId: null },
  ]);
  expect(await house.liveOf(existing)).toBe(1);
  const again = await api.gitops.applyDocuments({ items, publish: true });
  expect(again.items.map(({ result, changeRequestId }) => [result, changeRequestId])).toEqual([
    ['waiting', applied[0]?.changeRequestId],
    ['waiting', applied[1]?.changeRequestId],
    ['unchanged', null],
  ]);
  await apiOf(one).approvals.approve({ id: String(applied[0]?.changeRequestId) });
  expect(await house.liveOf(existing)).toBe(3);
});

it('documents whose rules cannot be read are refused one by one, and nothing of them is saved', async () => {
  const house = await openGoverned(db, 'doors-broken');
  await db.owner`update approval_settings set stages = '[]' where tenant_id = ${house.tenant.id}`;
  const items = [{ document: house.described('governed', 'new'), baseVersion: null }];
  const { items: applied } = await apiOf(house.ada).gitops.applyDocuments({ items, publish: true });
  expect(applied).toMatchObject([{ result: 'refused', message: expect.stringContaining('rules of approval') }]);
  expect((await apiOf(house.ada).pipelines.list({})).items).toEqual([]);
});

it('a pipeline that is created and published in one request waits, and history names who approved each version', async () => {
  const house = await openGoverned(db, 'doors-create');
  const one = await house.person('one');
  const made = await apiOf(house.ada).pipelines.create({ document: house.described('new', 'first'), publish: true });
  expect(made).toMatchObject({ version: 1, changeRequest: { isNew: true } });
  expect(await house.liveOf(made.id)).toBeNull();
  await apiOf(one).approvals.approve({ id: made.changeRequest!.id, comment: 'fine' });
  expect((await apiOf(house.ada).pipelines.versions({ id: made.id })).items).toMatchObject([
    {
      ...{ version: 1, isLive: true },
      approval: {
        ...{ requestId: made.changeRequest!.id, requestedBy: house.ada.email },
        approvedBy: [{ stage: 'Owners', voter: one.email }],
      },
    },
  ]);
});

it('somebody without the scope neither decides nor sets the rules, and an attempt on one’s own is in the audit log', async () => {
  const house = await openGoverned(db, 'doors-scopes');
  const [op, vic] = [await house.person('op', 'operator'), await house.person('vic', 'viewer')];
  const { id } = await house.request('p');
  const rules = { version: 1, selectors: [], stages: [] };
  for (const who of [op, vic])
    await expect(apiOf(who).approvals.setSettings(rules)).rejects.toMatchObject({ cause: { code: 'FORBIDDEN' } });
  await expect(apiOf(vic).approvals.approve({ id })).rejects.toMatchObject({ cause: { code: 'FORBIDDEN' } });
  await expect(apiOf(house.ada).approvals.approve({ id })).rejects.toMatchObject({ cause: { code: 'APPROVAL_OWN' } });
  const refused = await db.owner<
    { what: string }[]
  >`select action || ' by ' || actor_id || ': ' || (details ->> 'code') as what
    from audit_log where tenant_id = ${house.tenant.id} and outcome = 'refused' order by id`;
  expect(refused.map(({ what }) => what)).toContain(`approval.approve by ${house.ada.email}: APPROVAL_OWN`);
  expect(await house.stateOf(id)).toBe('open');
});

it('looser rules are a change request by tRPC and REST alike, and a document that drops the label waits at the door of documents', async () => {
  const house = await openGoverned(db, 'doors-loosen');
  const one = await house.person('one');
  const off = { version: 1, selectors: [], stages: [] };
  const asked = await apiOf(house.ada).approvals.setSettings(off);
  expect(asked).toMatchObject({
    state: 'waiting',
    version: 1,
    selectors: ['env:prod'],
    changeRequest: { isNew: true },
  });
  const rest = await restOf(house.ada);
  const again = await rest('PUT', '/approvals/settings', off);
  expect([again.status, again.body]).toMatchObject([
    202,
    { state: 'waiting', changeRequest: { id: asked.changeRequest?.id, isNew: false } },
  ]);
  const own = await rest('POST', `/approvals/${asked.changeRequest?.id}/approve`, {});
  expect([own.status, own.body]).toMatchObject([403, { code: 'APPROVAL_OWN' }]);

  const { pipelineId, id } = await house.request('labelled');
  await apiOf(one).approvals.approve({ id });
  const items = [{ document: house.described('labelled', 'free', {}), baseVersion: 2 }];
  const { items: plan } = await apiOf(house.ada).gitops.planDocuments({
    documents: items.map(({ document }) => document),
  });
  expect(plan).toMatchObject([{ name: 'labelled', needsApproval: true }]);
  const { items: applied } = await apiOf(house.ada).gitops.applyDocuments({ items, publish: true });
  expect(applied).toMatchObject([{ result: 'waiting', isPublished: false }]);
  expect(await house.liveOf(pipelineId)).toBe(2);
});
