import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { createPipeline, publishVersion } from '#server/pipelines/index.ts';
import { copyTable, openWorkshop } from '#server/runs/testing/index.ts';
import { type Ctx, INSTALLATION } from '#server/tenancy/index.ts';
import { getLimits, putLimits } from './tenant-limits.ts';

const db = await testDatabase();
const shop = await openWorkshop(db, 'mine');
const other = await openWorkshop(db, 'other');
const operator: Ctx = { ...shop.ctx, tenant: INSTALLATION };
const documentOf = (name: string, more: object = {}) => ({
  ...{ kind: 'pipeline', version: '1.0', metadata: { name }, nodes: copyTable('a', 'b'), ...more },
});
const refusal = (quota: string, used: number, limit: number) => ({
  ...{ code: 'QUOTA_EXCEEDED', details: { quota, used, limit } },
});

beforeAll(async () => {
  for (const one of [shop, other]) await one.sql('create table a (n int); create table b (n int)');
});

describe('the limits', () => {
  it('that were set since somebody read them are not overwritten by them', async () => {
    const third = await openWorkshop(db, 'third');
    const before = await getLimits(third.ctx);
    expect(before.updatedAt).toBeNull();
    const put = (pipelines: number, ifUpdatedAt: string | null) =>
      putLimits(operator, { tenant: 'third', pipelines, ifUpdatedAt });
    const both = await Promise.allSettled([put(7, null), put(8, null)]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const { updatedAt, quotas } = await getLimits(third.ctx);
    await expect(put(9, null)).rejects.toMatchObject({ code: 'VERSION_STALE' });
    expect((await getLimits(third.ctx)).quotas).toEqual(quotas);
    const after = await put(9, updatedAt);
    expect(after.quotas.pipelines.limit).toBe(9);
    await expect(put(10, updatedAt)).rejects.toMatchObject({
      ...{ code: 'VERSION_STALE', message: expect.stringContaining('changed by system:test') },
    });
    // Whoever does not say what they read means it whatever they are.
    await putLimits(operator, { tenant: 'third', pipelines: null });
  });
});

describe('a quota', () => {
  it('of pipelines refuses one more with the numbers, for its tenant alone', async () => {
    await putLimits(operator, { tenant: 'mine', pipelines: 2 });
    for (const name of ['one', 'two']) await createPipeline(shop.ctx, { document: documentOf(name) });
    const third = createPipeline(shop.ctx, { document: documentOf('three') });
    await expect(third).rejects.toMatchObject(refusal('pipelines', 2, 2));
    await createPipeline(other.ctx, { document: documentOf('three') });
  });

  it('has one last place for two callers at once', async () => {
    await putLimits(operator, { tenant: shop.tenant.id, pipelines: 3 });
    const results = await Promise.allSettled(
      ['three', 'four', 'five'].map((name) => createPipeline(shop.ctx, { document: documentOf(name) })),
    );
    expect(results.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
  });

  it('of schedules refuses to make one more go live, and lets those that do change', async () => {
    await putLimits(operator, { tenant: 'mine', pipelines: null, schedules: 1 });
    const schedule = { kind: 'interval', minutes: 5 };
    const [first, second] = await Promise.all(
      ['s-1', 's-2'].map((name) => createPipeline(shop.ctx, { document: documentOf(name, { schedule }) })),
    );
    await publishVersion(shop.ctx, { id: first!.id });
    await publishVersion(shop.ctx, { id: first!.id });
    await expect(publishVersion(shop.ctx, { id: second!.id })).rejects.toMatchObject(refusal('schedules', 1, 1));
  });

  it('of waiting runs refuses one more by hand', async () => {
    await putLimits(operator, { tenant: 'mine', schedules: null, queuedRuns: 1 });
    const id = await shop.pipeline('runs', { nodes: copyTable('a', 'b') });
    await shop.start(id);
    await expect(shop.start(id)).rejects.toMatchObject(refusal('queuedRuns', 1, 1));
  });

  it('of runs at once is kept by the claim', async () => {
    await putLimits(operator, { tenant: 'mine', queuedRuns: null, concurrentRuns: 1 });
    await shop.start(await shop.pipeline('more-runs', { nodes: copyTable('a', 'b') }));
    await shop.claim();
    await expect(shop.claim()).rejects.toThrow('nothing to claim');
    expect((await getLimits(shop.ctx)).quotas).toMatchObject({
      ...{ queuedRuns: { used: 2, limit: 50_000 }, concurrentRuns: { used: 1, limit: 1 } },
    });
  });
});

describe('setting limits', () => {
  it("leaves what is not named, is told in the tenant's audit log, and says which tenant there is not", async () => {
    await putLimits(operator, { tenant: 'other', pipelines: 7 });
    const after = await putLimits(operator, { tenant: 'other', requestsPerSecond: 9 });
    expect(after).toMatchObject({ requestsPerSecond: 9, quotas: { pipelines: { used: 1, limit: 7 } } });
    const rows =
      await db.owner`select action from audit_log where tenant_id = ${other.tenant.id} and action = 'limits.put'`;
    expect(rows).toHaveLength(2);
    await expect(putLimits(operator, { tenant: 'nobody' })).rejects.toMatchObject({ code: 'TENANT_NOT_FOUND' });
  });
});
