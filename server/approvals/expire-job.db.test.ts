import { beforeEach, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { runJob, UNCONFIGURED_JOBS } from '#server/cron/index.ts';
import type { JobContext } from '#server/jobs/index.ts';
import { createLogger } from '#server/lib/index.ts';
import { approveChange } from '#server/pipelines/index.ts';
import { type Governed, openGoverned } from '#server/pipelines/testing/index.ts';
import { approvalsExpireJob } from './expire-job.ts';
import { getRequest } from './get-request.ts';

const db = await testDatabase();
const log = createLogger({ level: 'silent', tier: 'test' });
const deps = { pool: db.worker, log, processId: 'test', config: UNCONFIGURED_JOBS };
const run = () => runJob(deps, 'approvalsExpire', { trigger: 'http' });

let house: Governed;
let count = 0;
// A tenant of its own for each test.
beforeEach(async () => {
  count += 1;
  house = await openGoverned(db, `expiring-${count}`);
});

const endTime = (id: string) =>
  db.owner`update approval_requests set expires_at = now() - interval '1 millisecond' where id = ${id}`;

type Told = { expired: number; stale: number; perTenant: { tenantId: string; expired: number; stale: number }[] };
const toldOf = (body: Record<string, unknown>, { tenant }: Governed) =>
  (body as Told).perTenant.find(({ tenantId }) => tenantId === tenant.id);

it('ends what is past its time, with an audit row each, and leaves what is not; the changes stay unapplied', async () => {
  const [late, other, open] = [await house.request('late'), await house.request('other'), await house.request('open')];
  for (const { id } of [late, other]) await endTime(id);
  const done = await run();
  expect(done).toMatchObject({ status: 200, outcome: 'succeeded' });
  expect(toldOf(done.body, house)).toMatchObject({ expired: 2, stale: 0 });
  for (const { id, pipelineId } of [late, other]) {
    expect([await house.stateOf(id), await house.liveOf(pipelineId)]).toEqual(['expired', 1]);
    expect((await house.audited(id)).at(-1)).toBe('approval.expire by system:approvalsExpire');
  }
  expect([await house.stateOf(open.id), await house.liveOf(open.pipelineId)]).toEqual(['open', 1]);
  // Again it finds nothing.
  expect(toldOf((await run()).body, house)).toBeUndefined();
  expect((await house.audited(late.id)).filter((row) => row.startsWith('approval.expire'))).toHaveLength(1);
});

it('ends what is no longer what was asked for, and neither twice nor what has its end', async () => {
  const [changed, done] = [await house.request('changed'), await house.request('done')];
  const other = await house.person('other');
  await approveChange(other.ctx, { id: done.id, comment: '' });
  await endTime(done.id);
  await db.owner`update pipelines set live_version = null where id = ${changed.pipelineId}`;
  expect(toldOf((await run()).body, house)).toMatchObject({ expired: 0, stale: 1 });
  expect([await house.stateOf(changed.id), await house.stateOf(done.id)]).toEqual(['stale', 'applied']);
  expect((await house.audited(changed.id)).at(-1)).toBe('approval.stale by system:approvalsExpire');
});

it('says in the audit log of rules and pipelines alike what it was that ended, and why', async () => {
  const { id, pipelineId } = await house.request('told');
  const rules = await house.set({ version: 1, selectors: [], stages: [] });
  const rulesId = rules.changeRequest!.id;
  for (const one of [id, rulesId]) await endTime(one);
  expect(toldOf((await run()).body, house)).toMatchObject({ expired: 2 });
  const detailsOf = async (target: string) =>
    (
      await db.owner<{ details: object }[]>`select details from audit_log where tenant_id = ${house.tenant.id}
      and target_id = ${target} and action = 'approval.expire'`
    )[0]!.details;
  const common = { reason: 'its time was over', expiresAt: expect.any(String), targetVersion: expect.any(Number) };
  expect(await detailsOf(rulesId)).toEqual({ ...common, subject: 'rules', baseVersion: expect.any(Number) });
  expect(await detailsOf(id)).toEqual({ ...common, pipelineId, baseVersion: 1 });
});

it('keeps which approvals counted when it ended the request', async () => {
  const two = await openGoverned(db, `kept-${count}`, { stages: [{ name: 'Both', approvers: 2, roles: ['admin'] }] });
  const [one, other] = [await two.person('one'), await two.person('other')];
  const { id } = await two.request('p');
  await approveChange(one.ctx, { id, comment: '' });
  await endTime(id);
  await run();
  await db.owner`update memberships set role = 'viewer' where user_id = ${one.id}`;
  expect(await getRequest(other.ctx, { id })).toMatchObject({
    ...{ state: 'expired', stages: [{ approved: 1, votes: [{ voter: one.email, counts: true }] }] },
  });
});

it('that fails for one tenant ends the requests of the others', async () => {
  const wrong = await openGoverned(db, `failing-${count}`);
  const [theirs, ours] = [await wrong.request('p'), await house.request('p')];
  for (const { id } of [theirs, ours]) await endTime(id);
  await db.owner.unsafe(`create function refuse_end() returns trigger language plpgsql as $$
    begin raise exception 'refused by the test'; end $$`);
  await db.owner.unsafe(`create trigger refuse_end before update on approval_requests for each row
    when (new.tenant_id = '${wrong.tenant.id}') execute function refuse_end()`);
  const done = await run();
  expect(done).toMatchObject({ status: 200, outcome: 'partial' });
  expect(toldOf(done.body, wrong)).toMatchObject({ errors: [expect.stringContaining('refused by the test')] });
  expect([await wrong.stateOf(theirs.id), await house.stateOf(ours.id)]).toEqual(['open', 'expired']);
  await db.owner.unsafe('drop trigger refuse_end on approval_requests; drop function refuse_end()');
  await run();
  expect(await wrong.stateOf(theirs.id)).toBe('expired');
});

it('that is ended between the change and its commit has done nothing, and its next run does it once', async () => {
  const { id } = await house.request('p');
  await endTime(id);
  const broken: JobContext = {
    ...{ pool: db.worker, log, processId: 'test', runId: 'test', params: {}, signal: new AbortController().signal },
    fence: async () => {},
    failPoint: (name) => {
      if (name === 'approvalsExpire.ended') throw new Error('ended by the test');
    },
  };
  const { perTenant } = await approvalsExpireJob.run(broken, {});
  expect(perTenant?.find(({ tenantId }) => tenantId === house.tenant.id)).toMatchObject({ ok: false });
  expect([await house.stateOf(id), (await house.audited(id)).length]).toEqual(['open', 1]);
  await run();
  expect([await house.stateOf(id), (await house.audited(id)).length]).toEqual(['expired', 2]);
});

it('and an approval at the last moment: one of the two is right, 20 times', async () => {
  const other = await house.person('other');
  for (let round = 0; round < 20; round += 1) {
    const { pipelineId, id } = await house.request(`p${round}`);
    await db.owner`update approval_requests set expires_at = clock_timestamp() + interval '15 milliseconds' where id = ${id}`;
    await Promise.allSettled([approveChange(other.ctx, { id, comment: '' }), run()]);
    await db.owner`select pg_sleep(0.02)`;
    await run();
    const state = await house.stateOf(id);
    expect(['applied', 'expired']).toContain(state);
    expect(await house.liveOf(pipelineId)).toBe(state === 'applied' ? 2 : 1);
  }
});
