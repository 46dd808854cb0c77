import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { makeKey, makeSession, openWeb } from '#server/http/testing/index.ts';
import { createTenant, type Tenant } from '#server/tenancy/index.ts';
import { CRON_JOBS } from './index.ts';

const db = await testDatabase();
const web = await openWeb(db);
let acme: Tenant;
let blue: Tenant;
let operator: Record<string, string>;
let admin: Record<string, string>;
let key: Record<string, string>;

beforeAll(async () => {
  acme = await createTenant(db.owner, { slug: 'acme', name: 'Acme' });
  blue = await createTenant(db.owner, { slug: 'blue', name: 'Blue' });
  operator = { cookie: await makeSession(db, acme), origin: web.baseUrl };
  await db.owner`update users set is_instance_operator = true`;
  admin = { cookie: await makeSession(db, acme), origin: web.baseUrl };
  key = { authorization: `Bearer ${await makeKey(db, acme)}` };
  const outcome = (tenant: Tenant, rows: number, errors: string[]) => ({
    ...{ tenantId: tenant.id, tenant: tenant.slug, ok: errors.length === 0, counts: { rows }, errors },
  });
  const perTenant = [outcome(acme, 3, []), outcome(blue, 40, ['blue is locked'])];
  for (let hour = 1; hour <= 3; hour += 1)
    await db.owner`insert into cron_runs (job, process_id, started_at, finished_at, outcome, counts, per_tenant, error, requested_by, params)
      values ('cleanup', 'w', now() - make_interval(hours => ${hour}), now(), 'partial', '{"rows": 43}',
        ${JSON.stringify(perTenant)}::text::jsonb, 'something of the installation', 'ops@example.org',
        '{"tenant": "blue", "secret": "hunter2", "test": "blue", "dryRun": "1"}')`;
});

type Run = {
  counts: unknown;
  params: unknown;
  error: string | null;
  perTenant: { tenant: string }[];
  requestedBy: string;
};
type Job = { name: string; lastRun: Run | null; schedule: string | null };
const get = async (path: string, headers: Record<string, string>) =>
  (await web.fetch(`/api/v1${path}`, { headers })).json() as Promise<{
    items: (Run & Job)[];
    nextCursor: string | null;
    mayRun: boolean;
  }>;
const runNow = (job: string, headers: Record<string, string>) =>
  web.fetch(`/api/v1/cron-jobs/${job}/run`, { method: 'POST', headers });

describe('the list of jobs', () => {
  it('has every job there is, for an operator with what it did for every tenant', async () => {
    const { items, mayRun } = await get('/cron-jobs', operator);
    expect(items.map((job) => job.name)).toEqual(CRON_JOBS.map((job) => job.name));
    expect(mayRun).toBe(true);
    expect(items.find((job) => job.name === 'cleanup')?.lastRun).toMatchObject({
      ...{ counts: { rows: 43 }, error: 'something of the installation', requestedBy: 'ops@example.org' },
      perTenant: [{ tenant: 'acme' }, { tenant: 'blue', errors: ['blue is locked'] }],
      params: { tenant: 'blue' },
    });
  });

  it.each([
    ['an admin', () => admin],
    ['a key', () => key],
  ])('tells %s of their own tenant only', async (_who, headers) => {
    for (const path of ['/cron-jobs', '/cron-jobs/cleanup/runs']) {
      const answer = await get(path, headers());
      expect(JSON.stringify(answer)).not.toMatch(/blue|installation|ops@example|hunter2/);
      const run = path.endsWith('runs') ? answer.items[0] : answer.items.find((job) => job.name === 'cleanup')?.lastRun;
      expect(run).toMatchObject({ counts: { rows: 3 }, error: null, perTenant: [{ tenant: 'acme' }] });
      expect(run?.params).toEqual({ dryRun: '1' });
      if (!path.endsWith('runs')) expect(answer.mayRun).toBe(false);
    }
  });
});

describe('the runs of a job', () => {
  it('come newest first, page by page', async () => {
    const first = await get('/cron-jobs/cleanup/runs?limit=2', operator);
    const second = await get(`/cron-jobs/cleanup/runs?limit=2&cursor=${first.nextCursor}`, operator);
    expect([first.items.length, second.items.length, second.nextCursor]).toEqual([2, 1, null]);
  });

  it('of a job that there is not are not found', async () => {
    expect((await web.fetch('/api/v1/cron-jobs/nothing/runs', { headers: key })).status).toBe(404);
  });
});

describe('running a job now', () => {
  it('is for the instance operator alone', async () => {
    for (const headers of [admin, key]) expect((await runNow('cleanup', headers)).status).toBe(403);
    expect(await db.owner`select from cron_requests`).toHaveLength(0);
  });

  it('asks the workers once, and leaves its audit row', async () => {
    const answer = await runNow('cleanup', operator);
    expect([answer.status, await answer.json()]).toEqual([202, { job: 'cleanup', requestId: expect.any(String) }]);
    expect((await runNow('cleanup', operator)).status).toBe(409);
    expect(await db.owner`select job from cron_requests`).toEqual([{ job: 'cleanup' }]);
    const audit =
      await db.owner`select action, target_id from audit_log where action = 'cron.run' and outcome = 'done'`;
    expect(audit).toEqual([{ action: 'cron.run', target_id: 'cleanup' }]);
  });

  it('is not refused for a tenant’s data requests, which are another run of the same job', async () => {
    await db.owner`truncate cron_requests`;
    await db.owner`insert into cron_requests (job, params, requested_by) values ('cleanup', '{"dsar": "1"}', 'admin')`;
    expect((await runNow('cleanup', operator)).status).toBe(202);
    expect((await runNow('cleanup', operator)).status).toBe(409);
  });

  it('is refused for the tick, which nobody starts, and for a job that runs', async () => {
    expect((await runNow('flowSchedulerTick', operator)).status).toBe(409);
    await db.owner`with run as (insert into cron_runs (job, process_id, lease_until) values ('outboxReaper', 'w', now() + interval '1 hour') returning id)
      insert into cron_jobs (job, run_id) select 'outboxReaper', id from run`;
    const answer = await runNow('outboxReaper', operator);
    expect([answer.status, await answer.json()]).toEqual([409, expect.objectContaining({ code: 'JOB_RUNNING' })]);
    expect((await runNow('nothing', operator)).status).toBe(404);
  });
});
