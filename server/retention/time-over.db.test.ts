// A run of the job whose time is over: what it did counts, and nobody waits longer than for a turn of each.
import { beforeEach, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { listReceipts, receiptHash } from './receipts.ts';
import { addRows, type Keeper, openKeeper, runPurge } from './testing/index.ts';

const db = await testDatabase();
const NO_TIME = { budgetMs: 0, batchRows: 10 };
let made = 0;
let keepers: { huge: Keeper; other: Keeper; last: Keeper };

/** By slug the tenant with by far the most to purge comes first. */
beforeEach(async () => {
  await db.owner`truncate tenants cascade`;
  made += 1;
  const open = async (name: string, count: number) => {
    const keeper = await openKeeper(db, `${name}-${made}`);
    await keeper.keep('interaction_history', 30);
    await addRows(db, keeper.tenant, { customerId: 'c', ageDays: 40, count });
    return keeper;
  };
  keepers = { huge: await open('a-huge', 45), other: await open('b-other', 3), last: await open('c-last', 3) };
});
const left = async () =>
  Promise.all(Object.values(keepers).map(async (one) => (await one.counts()).interactionHistory));

describe('a purge whose time is over', () => {
  it('returns what was deleted by then, and says who is to go on and who had no turn', async () => {
    const { huge, other, last } = keepers;
    const first = await runPurge(db, {}, NO_TIME);
    expect(first).toMatchObject({
      tenantsScanned: 1,
      perTenant: [
        {
          tenantId: huge.tenant.id,
          retentionDays: 30,
          interactionHistory: 10,
          errors: [expect.any(String)],
        },
      ],
    });
    expect(first.perTenant[0]?.errors[0]).toContain('the next one goes on with this purge');
    expect(first.errors).toEqual([
      `the time of this run was over before 2 tenants had their turn (${other.tenant.slug}, ${last.tenant.slug}): the next run begins with them`,
    ]);
    expect(await left()).toEqual([35, 3, 3]);
  });

  it('lets those who had no turn begin the next run, however much the first has', async () => {
    await runPurge(db, {}, NO_TIME);
    await runPurge(db, {}, NO_TIME);
    expect(await left()).toEqual([35, 0, 3]);
    await runPurge(db, {}, NO_TIME);
    expect(await left()).toEqual([35, 0, 0]);
    await runPurge(db, {}, NO_TIME);
    expect(await left()).toEqual([25, 0, 0]);
  });

  it('is finished by later runs with counts that are right and one receipt', async () => {
    const { huge } = keepers;
    const slug = { tenant: huge.tenant.slug };
    const blobs: string[] = [];
    const deleteBlob = async (location: string) => {
      blobs.push(location);
      return 'deleted' as const;
    };
    await huge.keep('ai_attachments', 30);
    const open = async () => (await listReceipts(huge.ctx, { limit: 10 })).items[0]?.finishedAt ?? null;
    let runs = 0;
    for (; runs === 0 || (await open()) === null; runs += 1) {
      expect(runs).toBeLessThan(100);
      await runPurge(db, slug, { ...NO_TIME, deleteBlob });
    }
    // Five batches of each class and a blob at a time.
    expect(runs).toBeGreaterThan(45);
    expect(await huge.counts()).toEqual({ decisionTraces: 45, interactionHistory: 0, aiAttachments: 0 });
    expect(new Set(blobs).size).toBe(45);
    expect(blobs).toHaveLength(45);
    const { items } = await listReceipts(huge.ctx, { limit: 10 });
    expect(items).toMatchObject([
      { interactionHistory: 45, aiAttachments: 45, blobsDeleted: 45, errors: [], resumptions: runs - 1 },
    ]);
    expect(receiptHash(huge.tenant.id, items[0]!)).toBe(items[0]?.hash);
  });

  it('is none where the time suffices: all are purged, and nothing is told', async () => {
    const { errors, perTenant } = await runPurge(db, {}, { batchRows: 10 });
    expect(errors).toEqual([]);
    expect(perTenant.map(({ interactionHistory, errors }) => [interactionHistory, errors])).toEqual([
      [45, []],
      [3, []],
      [3, []],
    ]);
  });
});
