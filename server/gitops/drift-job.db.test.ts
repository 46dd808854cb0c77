import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { runJob, UNCONFIGURED_JOBS } from '#server/cron/index.ts';
import { createLogger } from '#server/lib/index.ts';
import { makeDriftCheckJob } from './drift-job.ts';
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

describe.skipIf(!isThere)("a tenant's repository", () => {
  let git: GitServer;
  beforeAll(async () => {
    git = await openGitServer();
  });
  afterAll(() => git.close());

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

  it('whose server gives its answer byte by byte is left after its time, and those after it are checked all the same', async () => {
    await db.owner`delete from gitops_sources`;
    const names = ['early', 'later'];
    const [slow, ...others] = [await openCaller('a-slow-one'), ...(await Promise.all(names.map(openCaller)))];
    const repository = git.makeRepository('prompt');
    repository.commit({ 'p.yaml': text(describing('p', '')) });
    await connect(slow!.ask, 'repo', { url: `${git.baseUrl}/trickling/prompt.git` });
    for (const { ask } of others) await connect(ask, 'repo', { url: repository.url });
    const deps = { pool: db.worker, log: createLogger({ level: 'silent', tier: 'test' }), processId: 'test' };
    const jobs = [makeDriftCheckJob({ readDeadlineMs: 2_000 })];
    const done = await runJob({ ...deps, jobs, config: UNCONFIGURED_JOBS }, 'gitopsDriftCheck', { trigger: 'http' });
    expect(done).toMatchObject({ status: 200, outcome: 'partial' });
    const told = (done.body as { perTenant: { tenantId: string; errors: string[]; missing?: number }[] }).perTenant;
    const of = ({ ctx }: (typeof others)[0]) => told.find(({ tenantId }) => tenantId === ctx.tenant.id);
    expect(of(slow!)?.errors).toEqual([expect.stringContaining('could not be read within 2 s')]);
    for (const other of others) expect(of(other)).toMatchObject({ missing: 1, errors: [] });
    expect((await slow!.ask('GET /gitops')).body).toMatchObject({ state: 'broken' });
    expect(git.trickled()).toBeGreaterThan(0);
  });
});
