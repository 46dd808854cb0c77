import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { serveTestConnections } from '#server/connections/testing/index.ts';
import {
  connect,
  describing,
  GIT_TOKEN,
  type GitServer,
  openGitopsTenants,
  openGitServer,
  requireGit,
  text,
} from './testing/index.ts';

const isThere = requireGit();
const db = await testDatabase();
const openCaller = await openGitopsTenants(db);

describe.skipIf(!isThere)("a tenant's repository", () => {
  let git: GitServer;
  beforeAll(async () => {
    git = await openGitServer();
  });
  afterAll(() => git.close());

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
});
