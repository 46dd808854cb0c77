import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { serveTestConnections } from '#server/connections/testing/index.ts';
import { runJob, UNCONFIGURED_JOBS } from '#server/cron/index.ts';
import { makeKey, openWeb } from '#server/http/testing/index.ts';
import { createLogger } from '#server/lib/index.ts';
import { documentOf, openTenant } from '#server/pipelines/testing/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { GIT_TOKEN, type GitServer, openGitServer, requireGit } from './testing/index.ts';

const isThere = requireGit();
const db = await testDatabase();
const web = await openWeb(db);
serveTestConnections({ allowCidrs: ['127.0.0.1/32'] });

type Body = Record<string, unknown> & { counts?: Record<string, number>; items?: Record<string, unknown>[] };
type Ask = (route: string, body?: unknown) => Promise<{ status: number; body: Body }>;

/** A tenant with a key and a table `facts`. */
async function openCaller(slug: string): Promise<{ ctx: Ctx; ask: Ask }> {
  const ctx = await openTenant(db, slug);
  const key = await makeKey(db, ctx.tenant);
  const ask: Ask = async (route, body) => {
    const [method = 'GET', path = ''] = route.split(' ');
    const answer = await web.fetch(`/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(method === 'GET' ? {} : { body: JSON.stringify(body ?? {}) }),
    });
    return { status: answer.status, body: (await answer.json()) as Body };
  };
  return { ctx, ask };
}

/** JSON is YAML. */
const text = (...documents: unknown[]) => documents.map((one) => `---\n${JSON.stringify(one, null, 1)}\n`).join('');
const describing = (name: string, description: string) => documentOf(name, { description });
const byState = ({ items = [] }: Body) =>
  Object.fromEntries(
    [...Map.groupBy(items, ({ state }) => String(state))].map(([state, those]) => [
      state,
      those.map(({ name, file }) => String(name ?? file)),
    ]),
  );

describe.skipIf(!isThere)("a tenant's repository", () => {
  let git: GitServer;
  beforeAll(async () => {
    git = await openGitServer();
  });
  afterAll(() => git.close());

  async function connect(ask: Ask, name: string, config: object, secrets: object = {}): Promise<void> {
    const made = await ask('POST /connections', { name, kind: 'git', config, secrets });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    expect(await ask('PUT /gitops/source', { connection: name })).toMatchObject({ status: 200 });
  }

  it('is compared document by document; drift of every class is found, applied and reverted', async () => {
    const { ask } = await openCaller('acme');
    const repository = git.makeRepository('acme');
    for (const name of ['same', 'other', 'only-here'])
      expect((await ask('POST /pipelines', { document: describing(name, 'first'), publish: true })).status).toBe(201);
    const first = repository.commit({
      'pipelines/same.yaml': text(describing('same', 'first')),
      'pipelines/team/two.yml': text(describing('other', 'second'), describing('new-one', 'first')),
      'pipelines/wrong.yaml': 'kind: pipeline\nmetadata: {name: wrong',
      'pipelines/half.yaml': 'kind: pipeline\nversion: "1.0"\nmetadata: {name: half}\nnodes: []\n',
      'pipelines/README.md': '# No document',
      'elsewhere.yaml': 'not: looked at',
    });
    await connect(ask, 'repo', { url: repository.url, path: 'pipelines' });
    expect((await ask('GET /gitops')).body).toMatchObject({ state: 'unchecked', check: null, counts: null });
    const { body: checked } = await ask('POST /gitops/check');
    expect(checked).toMatchObject({
      state: 'drifted',
      check: { commit: { id: first, subject: 'A change', author: 'Ada' }, files: 4, error: null, folder: 'pipelines' },
      counts: { in_sync: 1, changed: 1, missing: 1, unmanaged: 1, invalid: 2 },
    });
    expect(byState((await ask('GET /gitops/documents')).body)).toEqual({
      invalid: ['half', 'pipelines/wrong.yaml'],
      changed: ['other'],
      missing: ['new-one'],
      unmanaged: ['only-here'],
      in_sync: ['same'],
    });
    const wrong = (await ask('GET /gitops/documents?state=invalid')).body.items ?? [];
    expect(wrong.map(({ file, line }) => `${file}:${line}`)).toEqual([
      'pipelines/half.yaml:1',
      'pipelines/wrong.yaml:1',
    ]);
    for (const { problem } of wrong) expect(problem).toMatch(/\w/);
    const { body: other } = await ask('GET /gitops/documents/other');
    expect(other).toMatchObject({ file: 'pipelines/team/two.yml', hereVersion: 1, isLatest: false });
    expect(other.here).toContain('description: first');
    expect(other.repository).toContain('description: second');

    const { body: plan } = await ask('GET /gitops/plan');
    expect(plan).toMatchObject({
      commitId: first,
      items: [
        { name: 'other', action: 'save', baseVersion: 1, liveVersion: 1 },
        { name: 'new-one', action: 'create', baseVersion: null },
      ],
    });
    const applied = await ask('POST /gitops/source/apply', plan);
    expect(applied.body.items).toEqual([
      { name: 'other', result: 'saved', version: 2, isPublished: true, changeRequestId: null, message: '' },
      { name: 'new-one', result: 'created', version: 1, isPublished: true, changeRequestId: null, message: '' },
    ]);
    expect((await ask('GET /gitops')).body.counts).toMatchObject({ in_sync: 3, changed: 0, missing: 0 });

    repository.commit({ 'pipelines/wrong.yaml': null, 'pipelines/half.yaml': null }, 'Without the wrong ones');
    repository.commit({ 'pipelines/same.yaml': text(describing('same', 'third')) });
    expect((await ask('POST /gitops/check')).body.counts).toMatchObject({ changed: 1, invalid: 0 });
    await ask('POST /gitops/source/apply', (await ask('GET /gitops/plan')).body);
    expect((await ask('GET /pipelines/same')).body).toMatchObject({ description: 'third', liveVersion: 2 });
    repository.revert();
    await ask('POST /gitops/check');
    await ask('POST /gitops/source/apply', (await ask('GET /gitops/plan')).body);
    expect((await ask('GET /pipelines/same')).body).toMatchObject({ description: 'first', liveVersion: 3 });
    expect((await ask('GET /gitops')).body).toMatchObject({ state: 'drifted', counts: { in_sync: 3, unmanaged: 1 } });
    const { here } = (await ask('GET /gitops/documents/only-here')).body;
    repository.commit({ 'pipelines/only-here.yaml': String(here) });
    expect((await ask('POST /gitops/check')).body).toMatchObject({ state: 'in_sync', counts: { in_sync: 4 } });
  });

  it('is changed where what is saved or what is live differs, and says which', async () => {
    const { ask } = await openCaller('drafts');
    const repository = git.makeRepository('drafts');
    await ask('POST /pipelines', { document: describing('draft', 'live'), publish: true });
    repository.commit({ 'draft.yaml': text(describing('draft', 'live')) });
    await connect(ask, 'repo', { url: repository.url });
    expect((await ask('POST /gitops/check')).body).toMatchObject({ state: 'in_sync' });
    await ask('PUT /pipelines/draft/ir', { baseVersion: 1, document: describing('draft', 'draft') });
    expect((await ask('GET /gitops/documents/draft')).body).toMatchObject({
      ...{ state: 'changed', isLatest: false, isLive: true, hereVersion: 2 },
    });
    repository.commit({ 'draft.yaml': text(describing('draft', 'draft')) });
    await ask('POST /gitops/check');
    expect((await ask('GET /gitops/documents/draft')).body).toMatchObject({
      ...{ state: 'changed', isLatest: true, isLive: false, hereVersion: 1 },
    });
    const { body: plan } = await ask('GET /gitops/plan');
    expect(plan.items).toMatchObject([{ name: 'draft', action: 'publish' }]);
    expect((await ask('POST /gitops/source/apply', plan)).body.items).toMatchObject([
      { result: 'published', version: 2, isPublished: true },
    ]);
    expect((await ask('GET /gitops')).body).toMatchObject({ state: 'in_sync' });
  });

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

  const broken: [string, object, string, RegExp][] = [
    ['there is no such branch', { url: '/one.git', branch: 'nowhere' }, 'branch', /no branch "nowhere"/],
    ['there is no such folder', { url: '/one.git', path: 'not/here' }, 'folder', /no folder "not\/here"/],
    ['the folder is a file', { url: '/one.git', path: 'one.yaml' }, 'folder', /no folder "one.yaml"/],
    ['there is no such repository', { url: '/absent.git' }, 'not_found', /no repository/],
    ['it has no commit', { url: '/empty.git' }, 'empty', /no commit yet|no branch/],
    ['it wants a token', { url: '/private-one.git' }, 'auth', /refuses the sign-in/],
    ['it has moved', { url: '/moved/one.git' }, 'moved', /has moved/],
    ['its server is out of order', { url: '/broken/one.git' }, 'protocol', /answered 500/],
    ['its pack says it is none', { url: '/mislabelled/one.git' }, 'protocol', /answered "text\/plain" instead of/],
    ['it is a web page', { url: '/page/one.git' }, 'protocol', /could not be read/],
  ];
  it('that is broken is an error with its cause, and never in sync', async () => {
    const { ask, ctx } = await openCaller('broken');
    git.makeRepository('one').commit({ 'one.yaml': text(describing('one', '')) });
    git.makeRepository('private-one').commit({ 'one.yaml': text(describing('one', '')) });
    git.makeRepository('empty');
    await ask('POST /pipelines', { document: describing('one', '') });
    await connect(ask, 'good', { url: `${git.baseUrl}/one.git` });
    expect((await ask('POST /gitops/check')).body).toMatchObject({ state: 'in_sync' });
    for (const [what, config, reason, message] of broken) {
      const name = `is-${reason.replace('_', '-')}-${broken.findIndex(([one]) => one === what)}`;
      await connect(ask, name, { ...config, url: `${git.baseUrl}${(config as { url: string }).url}` });
      const { body } = await ask('POST /gitops/check');
      expect(body, what).toMatchObject({ state: 'broken', counts: null, check: { commit: null } });
      expect(body.check, what).toMatchObject({ error: { message: expect.stringMatching(message) } });
      expect((await ask('GET /gitops/documents')).body.items, what).toEqual([]);
      expect((await ask('POST /gitops/source/test', { connection: name })).body, what).toMatchObject({ ok: false });
      expect((await ask('GET /gitops/plan')).body, what).toEqual({ checkId: null, commitId: null, items: [] });
      const blind = { checkId: crypto.randomUUID(), items: [{ name: 'one', baseVersion: 1 }] };
      expect((await ask('POST /gitops/source/apply', blind)).body, what).toMatchObject({ code: 'GITOPS_PLAN_STALE' });
    }
    await connect(ask, 'signed-in', { url: `${git.baseUrl}/private-one.git` }, { token: GIT_TOKEN });
    expect((await ask('POST /gitops/check')).body).toMatchObject({ state: 'in_sync' });
    await ask('DELETE /connections/signed-in');
    expect((await ask('POST /gitops/check')).body).toMatchObject({
      ...{ state: 'broken', check: { error: { code: 'CONNECTION_NOT_FOUND' } } },
    });
    const stored = await db.owner`select 1 from gitops_documents where tenant_id = ${ctx.tenant.id}`;
    expect(stored).toEqual([]);
  });

  it('whose newest commit has odd words is shown without them; one with an odd date cannot be read', async () => {
    const { ask } = await openCaller('metadata');
    const repository = git.makeRepository('metadata');
    repository.commit({ 'one.yaml': text(describing('one', '')) });
    await ask('POST /pipelines', { document: describing('one', '') });
    await connect(ask, 'repo', { url: repository.url });
    const tree = repository.git('rev-parse', 'HEAD^{tree}');
    const commit = (author: string, seconds: string, message: string) => {
      const lines = [`tree ${tree}`, `author ${author} ${seconds} +0000`, `committer ${author} ${seconds} +0000`];
      return repository.pushObject('commit', `${lines.join('\n')}\n\n${message}\n`);
    };
    const id = commit('A\0da <ada@example.org>', '1700000000', 'Zero \0 byte');
    expect((await ask('POST /gitops/check')).body).toMatchObject({
      state: 'in_sync',
      check: { commit: { id, subject: 'Zero \ufffd byte', committedAt: '2023-11-14T22:13:20.000Z' } },
    });
    for (const seconds of ['99999999999999', '999999999999', 'yesterday']) {
      commit('Ada <ada@example.org>', seconds, 'Odd date');
      expect((await ask('POST /gitops/check')).body, seconds).toMatchObject({
        state: 'broken',
        counts: null,
        check: { commit: null, error: { code: 'REPOSITORY_UNREADABLE' } },
      });
      expect((await ask('GET /gitops')).status).toBe(200);
    }
  });

  it('whose check fails for another reason is not in sync either', async () => {
    const { ask, ctx } = await openCaller('fault');
    const repository = git.makeRepository('fault');
    repository.commit({ 'one.yaml': text(describing('one', '')), 'zero.yaml': 'kind: "a\\0b"\n' });
    await ask('POST /pipelines', { document: describing('one', '') });
    await connect(ask, 'repo', { url: repository.url });
    expect((await ask('POST /gitops/check')).body).toMatchObject({ counts: { in_sync: 1, invalid: 1 } });
    await db.owner.unsafe(`
      create function refuse_documents() returns trigger language plpgsql as $$ begin raise exception 'no room'; end $$;
      create trigger refuse_documents before insert on gitops_documents for each row
        when (new.tenant_id = '${ctx.tenant.id}') execute function refuse_documents();`);
    try {
      expect((await ask('POST /gitops/check')).status).toBe(500);
    } finally {
      await db.owner.unsafe('drop trigger refuse_documents on gitops_documents; drop function refuse_documents()');
    }
    expect((await ask('GET /gitops')).body).toMatchObject({
      ...{ state: 'broken', counts: null, check: { commit: null, error: { code: 'INTERNAL' } } },
    });
    expect((await ask('POST /gitops/check')).body).toMatchObject({ counts: { in_sync: 1, invalid: 1 } });
  });

  it('that cannot be reached, or may not be, is an error too', async () => {
    const { ask } = await openCaller('far');
    await connect(ask, 'nobody', { url: 'http://127.0.0.1:1/one.git' });
    expect((await ask('POST /gitops/check')).body).toMatchObject({
      ...{ state: 'broken', check: { error: { code: 'OUTBOUND_UNREACHABLE' } } },
    });
    serveTestConnections({ allowCidrs: [] });
    expect((await ask('POST /gitops/check')).body).toMatchObject({
      ...{ state: 'broken', check: { error: { code: 'ADDRESS_REFUSED' } } },
    });
    serveTestConnections({ allowCidrs: ['127.0.0.1/32'] });
  });

  it('with a name twice, a link, a submodule or text that is none names each of them', async () => {
    const { ask } = await openCaller('odd');
    const repository = git.makeRepository('odd');
    await ask('POST /pipelines', { document: describing('twin', '') });
    repository.commit({ 'a.yaml': text(describing('twin', '')), 'b.yaml': text(describing('twin', 'again')) });
    repository.git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},module`);
    const link = repository.git('hash-object', '-w', 'a.yaml');
    repository.git('update-index', '--add', '--cacheinfo', `120000,${link},link.yaml`);
    repository.git('commit', '--quiet', '--message', 'Odd');
    repository.git('push', '--quiet', '../odd.git', 'HEAD:refs/heads/main');
    await connect(ask, 'repo', { url: repository.url });
    const { body } = await ask('POST /gitops/check');
    expect(body).toMatchObject({ state: 'drifted', counts: { invalid: 4, unmanaged: 0, in_sync: 0 } });
    const { items = [] } = (await ask('GET /gitops/documents')).body;
    expect(items.map(({ file, problem }) => [file, problem])).toEqual([
      ['link.yaml', expect.stringContaining('symbolic link')],
      ['module', expect.stringContaining('submodule')],
      ['a.yaml', expect.stringContaining('b.yaml:')],
      ['b.yaml', expect.stringContaining('a.yaml:')],
    ]);
    const seen: unknown[] = [];
    for (let cursor: unknown = ''; cursor !== null; ) {
      const page = (await ask(`GET /gitops/documents?limit=1${cursor ? `&cursor=${cursor}` : ''}`)).body;
      seen.push(...(page.items ?? []).map(({ file }) => file));
      cursor = page.nextCursor;
    }
    expect(seen).toEqual(items.map(({ file }) => file));
  });

  it('is checked for every tenant by the job, and one that is broken fails for its tenant alone', async () => {
    await db.owner`delete from gitops_sources`;
    const [left, right] = [await openCaller('left'), await openCaller('right')];
    const repository = git.makeRepository('shared');
    repository.commit({ 'p.yaml': text(describing('p', '')), 'bad.yaml': ': :' });
    await connect(left.ask, 'repo', { url: repository.url });
    await connect(right.ask, 'repo', { url: `${git.baseUrl}/absent.git` });
    const deps = { pool: db.worker, log: createLogger({ level: 'silent', tier: 'test' }), processId: 'test' };
    const run = () => runJob({ ...deps, config: UNCONFIGURED_JOBS }, 'gitopsDriftCheck', { trigger: 'http' });
    const done = await run();
    expect(done).toMatchObject({ status: 200, outcome: 'partial', body: { tenants: 2 } });
    const perTenant = (done.body as { perTenant: Record<string, unknown>[] }).perTenant;
    expect(perTenant).toMatchObject([
      { tenantId: left.ctx.tenant.id, missing: 1, invalid: 1, errors: [expect.stringContaining('bad.yaml:1')] },
      {
        tenantId: right.ctx.tenant.id,
        errors: [expect.stringMatching(/^REPOSITORY_UNREADABLE: there is no repository/)],
      },
    ]);
    expect((await left.ask('GET /gitops')).body).toMatchObject({ counts: { missing: 1, invalid: 1, unmanaged: 0 } });
    // Whom the last run reached first is reached last by the next.
    await left.ask('POST /gitops/check');
    const next = (await run()).body as { perTenant: Record<string, unknown>[] };
    expect(next.perTenant.map(({ tenantId }) => tenantId)).toEqual([right.ctx.tenant.id, left.ctx.tenant.id]);
    expect((await right.ask('GET /gitops')).body).toMatchObject({ state: 'broken' });
    await left.ask('DELETE /gitops/source');
    expect((await left.ask('GET /gitops')).body).toEqual({
      ...{ state: 'not_configured', source: null, check: null, counts: null },
    });
    expect(await left.ask('POST /gitops/check')).toMatchObject({
      status: 409,
      body: { code: 'GITOPS_NOT_CONFIGURED' },
    });
  });
});
