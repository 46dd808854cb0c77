import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { documentOf } from '#server/pipelines/testing/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { applyDocuments } from './apply-documents.ts';
import { applySource, planSource } from './apply-source.ts';
import { planDocuments } from './plan-documents.ts';
import {
  connect,
  describing,
  type GitServer,
  openGitopsTenants,
  openGitServer,
  requireGit,
  text,
} from './testing/index.ts';

const isThere = requireGit();
const db = await testDatabase();
const openCaller = await openGitopsTenants(db);

/** The tenant's admin, as a person who is signed in. */
async function somebodyOf(ctx: Ctx): Promise<Ctx> {
  const email = `ci@${ctx.tenant.slug}.example`;
  const [user] = await db.owner<{ id: string }[]>`insert into users (email) values (${email}) returning id`;
  await db.owner`insert into memberships (tenant_id, user_id, role) values (${ctx.tenant.id}, ${user!.id}, 'admin')`;
  return { ...ctx, actor: { kind: 'user', id: user!.id, email, role: 'admin', isInstanceOperator: false } };
}

describe.skipIf(!isThere)("a tenant's repository", () => {
  let git: GitServer;
  beforeAll(async () => {
    git = await openGitServer();
  });
  afterAll(() => git.close());

  it('is not applied by a plan that is stale: another commit was checked, or a pipeline was saved since', async () => {
    const { ask, ctx } = await openCaller('stale');
    const repository = git.makeRepository('stale');
    for (const name of ['one', 'two']) await ask('POST /pipelines', { document: describing(name, 'here') });
    repository.commit({ 'a.yaml': text(describing('one', 'there'), describing('two', 'there')) });
    await connect(ask, 'repo', { url: repository.url });
    expect((await ask('GET /gitops/plan')).body).toEqual({ checkId: null, commitId: null, items: [] });
    await ask('POST /gitops/check');
    const { body: plan } = await ask('GET /gitops/plan');
    await ask('PUT /pipelines/one/ir', { baseVersion: 1, document: describing('one', 'meanwhile') });
    const { body: applied } = await ask('POST /gitops/source/apply', { ...plan, publish: false });
    expect(applied.items).toMatchObject([
      { name: 'one', result: 'stale', version: null, message: expect.stringContaining('version 2') },
      { name: 'two', result: 'saved', version: 2, isPublished: false },
    ]);
    expect((await ask('GET /pipelines/one')).body).toMatchObject({ description: 'meanwhile', latestVersion: 2 });
    repository.commit({ 'a.yaml': text(describing('one', 'later'), describing('two', 'there')) });
    await ask('POST /gitops/check');
    expect(await ask('POST /gitops/source/apply', plan)).toMatchObject({
      ...{ status: 409, body: { code: 'GITOPS_PLAN_STALE' } },
    });
    const actions = await db.owner`select action, details from audit_log
      where tenant_id = ${ctx.tenant.id} and action like 'gitops.%' order by id`;
    expect(actions.map(({ action }) => action)).toEqual([
      ...['gitops.configure', 'gitops.check', 'gitops.apply', 'gitops.check'],
    ]);
    expect(actions[2]?.details).toMatchObject({ results: { stale: 1, saved: 1 } });
  });

  it('is not applied by the plan of another folder of the same commit', async () => {
    const { ask } = await openCaller('folders');
    const repository = git.makeRepository('folders');
    repository.commit({ 'left/p.yaml': text(describing('p', 'left')), 'right/p.yaml': text(describing('p', 'right')) });
    await connect(ask, 'left', { url: repository.url, path: 'left' });
    await ask('POST /gitops/check');
    const { body: plan } = await ask('GET /gitops/plan');
    await connect(ask, 'right', { url: repository.url, path: 'right' });
    const { body: checked } = await ask('POST /gitops/check');
    expect(checked).toMatchObject({ check: { commit: { id: plan.commitId }, folder: 'right' } });
    expect(await ask('POST /gitops/source/apply', plan)).toMatchObject({
      ...{ status: 409, body: { code: 'GITOPS_PLAN_STALE' } },
    });
    expect((await ask('GET /pipelines/p')).status).toBe(404);
  });

  it('with a document that is here already, saved by nobody known, is made somebody’s by whoever makes it live', async () => {
    const { ask, ctx } = await openCaller('adopted');
    const repository = git.makeRepository('adopted');
    const nobodys = describing('nobodys', 'same');
    // By a key that no person made: nobody knows whose it is, and it could never be approved.
    await ask('POST /pipelines', { document: nobodys });
    repository.commit({ 'a.yaml': text(nobodys) });
    await connect(ask, 'repo', { url: repository.url });
    expect((await ask('POST /gitops/check')).body).toMatchObject({ state: 'in_sync', counts: { unmanaged: 0 } });
    const items = [{ document: nobodys, baseVersion: 1 }];
    const theirs = await somebodyOf(ctx);
    // Nothing is to be approved where nothing goes live, and a key that nobody made can adopt nothing.
    const planned = async (as: Ctx, publish: boolean) =>
      (await planDocuments(as, { documents: [nobodys], publish })).items[0]!.action;
    expect([await planned(theirs, false), await planned(theirs, true)]).toEqual(['none', 'save']);
    expect((await applyDocuments(theirs, { items, publish: false })).items).toMatchObject([
      { result: 'unchanged', version: 1 },
    ]);
    expect((await applyDocuments(theirs, { items, publish: true })).items).toMatchObject([
      { result: 'saved', version: 2, isPublished: true },
    ]);
    expect([await planned(theirs, false), await planned(theirs, true)]).toEqual(['none', 'none']);
    const { items: again } = await applyDocuments(theirs, { items, publish: true });
    expect(again).toMatchObject([{ result: 'unchanged', version: 2 }]);
    expect((await ask('GET /pipelines/nobodys/versions')).body.items).toMatchObject([
      { version: 2, createdBy: 'ci@adopted.example' },
      { version: 1 },
    ]);
    expect((await ask('GET /gitops')).body).toMatchObject({ state: 'in_sync', counts: { in_sync: 1, unmanaged: 0 } });
  });

  it('with a document that is live already is left as it is, whoever saved it', async () => {
    const { ask, ctx } = await openCaller('left');
    const nobodys = describing('nobodys', 'live');
    await ask('POST /pipelines', { document: nobodys, publish: true });
    const theirs = await somebodyOf(ctx);
    expect((await planDocuments(theirs, { documents: [nobodys], publish: true })).items).toMatchObject([
      { state: 'in_sync', action: 'none', needsApproval: false, baseVersion: 1 },
    ]);
    const items = [{ document: nobodys, baseVersion: 1 }];
    expect((await applyDocuments(theirs, { items, publish: true })).items).toMatchObject([
      { result: 'unchanged', version: 1 },
    ]);
  });

  it('is planned as it is applied: what nobody known saved is saved anew by a person, and only published by a key', async () => {
    const { ask, ctx } = await openCaller('agreeing');
    const repository = git.makeRepository('agreeing');
    const names = ['one', 'two'];
    for (const name of names) {
      await ask('POST /pipelines', { document: describing(name, 'first'), publish: true });
      await ask(`PUT /pipelines/${name}/ir`, { baseVersion: 1, document: describing(name, 'later') });
    }
    repository.commit({ 'a.yaml': text(...names.map((name) => describing(name, 'later'))) });
    await connect(ask, 'repo', { url: repository.url });
    await ask('POST /gitops/check');
    const theirs = await somebodyOf(ctx);
    const plan = await planSource(theirs);
    expect(plan.items.map(({ name, action }) => [name, action])).toEqual([
      ['one', 'save'],
      ['two', 'save'],
    ]);
    const apply = (as: Ctx, name: string, publish = true) =>
      applySource(as, { checkId: plan.checkId!, publish, items: plan.items.filter((item) => item.name === name) });
    expect((await apply(theirs, 'one', false)).items).toMatchObject([{ result: 'unchanged', version: 2 }]);
    expect((await apply(theirs, 'one')).items).toMatchObject([{ result: 'saved', version: 3, isPublished: true }]);
    const { body: ofKey } = await ask('GET /gitops/plan');
    expect(ofKey.items).toMatchObject([{ name: 'two', action: 'publish' }]);
    expect((await ask('POST /gitops/source/apply', { ...ofKey })).body.items).toMatchObject([
      { name: 'two', result: 'published', version: 2, isPublished: true },
    ]);
  });

  it('that cannot be published is not saved either, and does not hold up the others', async () => {
    const { ask } = await openCaller('whole');
    const nodes = [
      { id: 'src', kind: 'source', config: { type: 'table', table: 'nowhere' } },
      { id: 'tgt', kind: 'target', inputs: ['src'], config: { type: 'table', table: 'copy', mode: 'append' } },
    ];
    const documents = [describing('good', ''), documentOf('bad', { nodes }), describing('better', '')];
    const { body: plan } = await ask('POST /gitops/plan', { documents });
    expect(plan.items).toMatchObject([
      { name: 'good', state: 'missing', action: 'create', problems: [] },
      { name: 'bad', state: 'missing', problems: [{ severity: 'error', message: expect.stringContaining('nowhere') }] },
      { name: 'better', state: 'missing' },
    ]);
    const items = documents.map((document) => ({ document, baseVersion: null }));
    const { body: applied } = await ask('POST /gitops/apply', { items });
    expect(applied.items).toMatchObject([
      { name: 'good', result: 'created', isPublished: true },
      { name: 'bad', result: 'refused', version: null, message: expect.stringContaining('nowhere') },
      { name: 'better', result: 'created', isPublished: true },
    ]);
    expect((await ask('GET /pipelines/bad')).status).toBe(404);
    expect((await ask('POST /gitops/apply', { items })).body.items).toMatchObject([
      { result: 'unchanged' },
      { result: 'refused' },
      { result: 'unchanged' },
    ]);
  });
});
