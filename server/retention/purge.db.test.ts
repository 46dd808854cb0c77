import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { listReceipts, receiptHash } from './receipts.ts';
import { addRows, countRows, openKeeper, runPurge } from './testing/index.ts';

const db = await testDatabase();

const auditOf = (tenantId: string) => db.owner<
  { action: string; details: Record<string, unknown>; actor_id: string }[]
>`
  select action, details, actor_id from audit_log where tenant_id = ${tenantId} and action = 'retention.purge'`;
const only = async (slug: string, more = {}) => {
  const answer = await runPurge(db, { tenant: slug, ...more });
  expect(answer.tenantsScanned).toBe(1);
  return answer.perTenant[0]!;
};

describe('a purge under strictest', () => {
  it('takes the smallest positive days of the classes not on hold for all of them, those without a policy too', async () => {
    const keeper = await openKeeper(db, 'strict', 'strictest');
    await keeper.keep('interaction_history', 90);
    await keeper.keep('decision_traces', 30);
    await addRows(db, keeper.tenant, { customerId: 'c1', ageDays: 31, count: 3 });
    await addRows(db, keeper.tenant, { customerId: 'c1', ageDays: 29, count: 2 });
    const [purge, rest] = [await only('strict'), await keeper.counts()];
    expect(purge).toEqual({
      tenantId: keeper.tenant.id,
      ...{ retentionDays: 30, decisionTraces: 3, interactionHistory: 3, aiAttachments: 3, blobsDeleted: 3, errors: [] },
    });
    expect(rest).toEqual({ decisionTraces: 2, interactionHistory: 2, aiAttachments: 2 });
  });

  it('neither touches a class on hold nor counts its days', async () => {
    const keeper = await openKeeper(db, 'strict-held', 'strictest');
    await keeper.keep('interaction_history', 60);
    await keeper.keep('decision_traces', 1, true);
    await addRows(db, keeper.tenant, { customerId: 'c1', ageDays: 61 });
    await addRows(db, keeper.tenant, { customerId: 'c1', ageDays: 59 });
    expect(await only('strict-held')).toMatchObject({ retentionDays: 60, decisionTraces: 0, interactionHistory: 1 });
    expect(await keeper.counts()).toEqual({ decisionTraces: 2, interactionHistory: 1, aiAttachments: 1 });
  });
});

describe('a purge per class', () => {
  it('takes the days of each class, keeps those without a policy, and reports the smallest', async () => {
    const keeper = await openKeeper(db, 'own-days');
    await keeper.keep('interaction_history', 90);
    await keeper.keep('decision_traces', 30);
    for (const ageDays of [20, 40, 100]) await addRows(db, keeper.tenant, { customerId: 'c1', ageDays });
    expect(await only('own-days')).toMatchObject({
      ...{ retentionDays: 30, decisionTraces: 2, interactionHistory: 1, aiAttachments: 0, blobsDeleted: 0 },
    });
    expect(await keeper.counts()).toEqual({ decisionTraces: 1, interactionHistory: 2, aiAttachments: 3 });
  });

  it('is what a new tenant gets', async () => {
    const { ctx } = await openKeeper(db, 'new-tenant');
    await db.owner`delete from retention_settings where tenant_id = ${ctx.tenant.id}`;
    const [row] = await db.owner`
      insert into retention_settings (tenant_id) values (${ctx.tenant.id}) returning mode`;
    expect(row).toEqual({ mode: 'per_class' });
  });
});

describe('a purge', () => {
  it('goes by the time of recording, whatever time an interaction says to be of', async () => {
    const keeper = await openKeeper(db, 'recorded');
    await keeper.keep('interaction_history', 30);
    await addRows(db, keeper.tenant, { customerId: 'old-news', ageDays: 1, occurredDaysAgo: 3_000 });
    await addRows(db, keeper.tenant, { customerId: 'prophecy', ageDays: 31, occurredDaysAgo: -3_000 });
    expect(await only('recorded')).toMatchObject({ interactionHistory: 1 });
    const left =
      await db.owner`select customer_id as id from interaction_history where tenant_id = ${keeper.tenant.id}`;
    expect(left).toEqual([{ id: 'old-news' }]);
  });

  it('finds rows whose ids are younger than their recording time', async () => {
    const keeper = await openKeeper(db, 'stragglers');
    await keeper.keep('interaction_history', 30);
    await db.owner`insert into interaction_history (tenant_id, customer_id, offer_id, channel, interaction_type, created_at)
      select ${keeper.tenant.id}, 'c1', 'o', 'web', 'impression', now() - interval '40 days' from generate_series(1, 25)`;
    expect(await only('stragglers')).toMatchObject({ interactionHistory: 25 });
  });

  it.each([
    ['no policy', 'none', async () => {}],
    ['zero days', 'zero', (keeper: Awaited<ReturnType<typeof openKeeper>>) => keeper.keep('interaction_history', 0)],
    [
      'all of it on hold',
      'held',
      (keeper: Awaited<ReturnType<typeof openKeeper>>) => keeper.keep('interaction_history', 1, true),
    ],
  ])('scans and skips a tenant with %s', async (_why, name, prepare) => {
    for (const mode of ['strictest', 'per_class'] as const) {
      const keeper = await openKeeper(db, `skip-${name}-${mode.slice(0, 3)}`, mode);
      await prepare(keeper);
      await addRows(db, keeper.tenant, { customerId: 'c1', ageDays: 3_000 });
      expect(await only(keeper.tenant.slug)).toMatchObject({ retentionDays: 0, interactionHistory: 0, errors: [] });
      expect(await keeper.counts()).toEqual({ decisionTraces: 1, interactionHistory: 1, aiAttachments: 1 });
      expect(await auditOf(keeper.tenant.id)).toEqual([]);
    }
  });

  it('counts what it would delete and deletes nothing with dryRun', async () => {
    const keeper = await openKeeper(db, 'dry', 'strictest');
    await keeper.keep('interaction_history', 30);
    await addRows(db, keeper.tenant, { customerId: 'c1', ageDays: 31, count: 4 });
    await addRows(db, keeper.tenant, { customerId: 'held', ageDays: 31, count: 5 });
    await keeper.holdSubject('held');
    const dry = await only('dry', { dryRun: '1' });
    expect(dry).toMatchObject({ retentionDays: 30, decisionTraces: 4, interactionHistory: 4, aiAttachments: 4 });
    expect(await keeper.counts()).toEqual({ decisionTraces: 9, interactionHistory: 9, aiAttachments: 9 });
    expect(await auditOf(keeper.tenant.id)).toEqual([]);
    expect(await only('dry')).toMatchObject({ ...dry, blobsDeleted: 4 });
  });

  it('writes one audit row and one receipt per tenant, whose hash can be computed again and covers the one before', async () => {
    const keeper = await openKeeper(db, 'receipts');
    await keeper.keep('interaction_history', 30);
    await addRows(db, keeper.tenant, { customerId: 'c1', ageDays: 31, count: 7 });
    await only('receipts');
    await only('receipts');
    const { items } = await listReceipts(keeper.ctx, { limit: 10 });
    expect(items.map((receipt) => [receipt.interactionHistory, receipt.errors])).toEqual([
      [0, []],
      [7, []],
    ]);
    for (const receipt of items) expect(receiptHash(keeper.tenant.id, receipt)).toBe(receipt.hash);
    expect(items[0]?.previousHash).toBe(items[1]?.hash);
    expect(items[1]?.previousHash).toBeNull();
    const rows = await auditOf(keeper.tenant.id);
    expect(rows.map(({ details, actor_id }) => [details.interactionHistory, details.receipt, actor_id]).sort()).toEqual(
      items.map(({ interactionHistory, hash }) => [interactionHistory, hash, 'system:dsarPurge']),
    );
    await expect(
      db.owner`update retention_purges set interaction_history = 1 where id = ${items[1]!.id}`,
    ).rejects.toThrow('cannot be changed');
  });

  it('leaves the other tenants alone with ?tenant, and refuses one that is nowhere', async () => {
    const [one, two] = [await openKeeper(db, 'tenant-one'), await openKeeper(db, 'tenant-two')];
    for (const keeper of [one, two]) {
      await keeper.keep('interaction_history', 30);
      await addRows(db, keeper.tenant, { customerId: 'c1', ageDays: 31 });
    }
    expect(await only(one.tenant.id)).toMatchObject({ tenantId: one.tenant.id, interactionHistory: 1 });
    expect((await countRows(db, two.tenant.id)).interactionHistory).toBe(1);
    await expect(runPurge(db, { tenant: 'nobody' })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  it('does the other tenants when one fails, and tells the error', async () => {
    const [broken, whole] = [await openKeeper(db, 'aa-broken'), await openKeeper(db, 'ab-whole')];
    for (const keeper of [broken, whole]) {
      await keeper.keep('interaction_history', 30);
      await addRows(db, keeper.tenant, { customerId: 'c1', ageDays: 31 });
    }
    await db.owner.unsafe(`create function refuse() returns trigger language plpgsql as $$
      begin if old.tenant_id = '${broken.tenant.id}' then raise exception 'this row stays'; end if; return old; end $$`);
    await db.owner`create trigger refuse before delete on interaction_history for each row execute function refuse()`;
    try {
      const { perTenant } = await runPurge(db);
      const of = (tenantId: string) => perTenant.find((one) => one.tenantId === tenantId);
      expect(of(broken.tenant.id)).toMatchObject({ errors: [expect.stringMatching(/errorId [0-9a-f-]{36}/)] });
      expect(of(whole.tenant.id)).toMatchObject({ interactionHistory: 1, errors: [] });
    } finally {
      await db.owner`drop trigger refuse on interaction_history`;
    }
  });

  it('tells of a tenant that failed what was deleted of it for good, and the next one goes on from there', async () => {
    const keeper = await openKeeper(db, 'half-way', 'strictest');
    await keeper.keep('interaction_history', 30);
    await addRows(db, keeper.tenant, { customerId: 'c1', ageDays: 31, count: 5 });
    const before = await keeper.counts();
    await db.owner.unsafe(`create function refuse_last() returns trigger language plpgsql as $$
      begin if old.tenant_id = '${keeper.tenant.id}' then raise exception 'this row stays'; end if; return old; end $$`);
    await db.owner`create trigger refuse_last before delete on ai_attachments for each row execute function refuse_last()`;
    const failed = await only('half-way', {}).finally(() => db.owner`drop trigger refuse_last on ai_attachments`);
    const left = await keeper.counts();
    expect(failed).toEqual({
      ...{ tenantId: keeper.tenant.id, retentionDays: 30, aiAttachments: 0, blobsDeleted: 0 },
      decisionTraces: before.decisionTraces - left.decisionTraces,
      interactionHistory: before.interactionHistory - left.interactionHistory,
      errors: [expect.stringContaining('this row stays')],
    });
    expect(failed).toMatchObject({ decisionTraces: 5, interactionHistory: 5 });
    expect(await only('half-way')).toMatchObject({ decisionTraces: 5, interactionHistory: 5, aiAttachments: 5 });
  });
});

describe('the blobs of purged attachments', () => {
  it('are deleted best-effort: one that is gone is fine, one that fails is told and tried again by the next purge', async () => {
    const keeper = await openKeeper(db, 'blobs');
    await keeper.keep('ai_attachments', 30);
    await addRows(db, keeper.tenant, { customerId: 'c1', ageDays: 31, count: 5, location: 'b' });
    const tried: string[] = [];
    let isBroken = true;
    const deleteBlob = async (location: string) => {
      tried.push(location);
      if (location === 'b/2' && isBroken) throw new Error('the disk is read-only');
      return location === 'b/1' ? ('missing' as const) : ('deleted' as const);
    };
    const first = await runPurge(db, { tenant: 'blobs' }, { deleteBlob });
    expect(first.totalBlobsAttempted).toBe(5);
    expect(first.perTenant[0]).toMatchObject({ aiAttachments: 5, blobsDeleted: 3 });
    expect(first.perTenant[0]?.errors).toEqual([expect.stringMatching(/^blob b\/2: the disk is read-only \(errorId /)]);
    isBroken = false;
    tried.length = 0;
    const second = await runPurge(db, { tenant: 'blobs' }, { deleteBlob });
    expect(tried).toEqual(['b/2']);
    expect(second.perTenant[0]).toMatchObject({ aiAttachments: 0, blobsDeleted: 1, errors: [] });
  });

  it('stay while another row lies at the same location', async () => {
    const keeper = await openKeeper(db, 'shared-blob');
    await keeper.keep('ai_attachments', 30);
    await addRows(db, keeper.tenant, { customerId: 'c1', ageDays: 31, location: 'same' });
    await addRows(db, keeper.tenant, { customerId: 'c2', ageDays: 1, location: 'same' });
    const answer = await runPurge(db, { tenant: 'shared-blob' });
    expect(answer).toMatchObject({ totalBlobsAttempted: 0, perTenant: [{ aiAttachments: 1, blobsDeleted: 0 }] });
  });
});

describe('the chain of receipts', () => {
  it('goes on from its end when the clock was set back, and forks nowhere', async () => {
    const keeper = await openKeeper(db, 'clock', 'strictest');
    await keeper.keep('interaction_history', 30);
    const failPoint = (name: string) => {
      if (name === 'dsarPurge.opened') throw new Error('ended here');
    };
    await runPurge(db, { tenant: 'clock' }, { failPoint });
    // It was opened by a clock that is a day ahead of the next ones.
    await db.owner`update retention_purges set id = ms_uuid_at(now() + interval '1 day') where tenant_id = ${keeper.tenant.id}`;
    for (let purge = 0; purge < 3; purge += 1) await only('clock');
    const { items } = await listReceipts(keeper.ctx, { limit: 10 });
    const [first, second, third] = items.toSorted((a, b) => a.finishedAt!.localeCompare(b.finishedAt!));
    expect([first?.previousHash, second?.previousHash, third?.previousHash]).toEqual([null, first?.hash, second?.hash]);
  });
});
