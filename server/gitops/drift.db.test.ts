import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import {
  type Body,
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
});
