import { describe, expect, it, vi } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { releaseHold } from './holds.ts';
import { listReceipts } from './receipts.ts';
import { addOutcomes, addRows, historyMonth, type Keeper, openKeeper, runPurge } from './testing/index.ts';

const db = await testDatabase();

const monthAgo = (months: number) => historyMonth(db, months);

let made = 0;
const open = (mode?: 'strictest' | 'per_class') => openKeeper(db, `part-${++made}`, mode);
const judge = async (name: string) =>
  (await db.worker<{ lost: unknown }[]>`select retention_judge_month('interaction_history', ${name}) as lost`)[0]!.lost;
/** Until somebody waits for a row that another transaction has locked. */
const waitForWaiter = () =>
  vi.waitFor(
    async () =>
      expect(
        await db.owner`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      ).not.toHaveLength(0),
    { timeout: 20_000, interval: 20 },
  );
const historyOf = async (keeper: Keeper) => (await keeper.counts()).interactionHistory;

describe('a month of which every row is due', () => {
  it('is dropped as a whole, and counted on the receipt of each tenant that had rows in it', async () => {
    const month = monthAgo(3);
    await month.make();
    const [one, two] = [await open(), await open('strictest')];
    await one.keep('interaction_history', 30);
    await two.keep('decision_traces', 20);
    await addRows(db, one.tenant, { customerId: 'p', ageDays: month.ageDays, count: 5 });
    await addRows(db, two.tenant, { customerId: 'p', ageDays: month.ageDays, count: 7 });
    await addRows(db, two.tenant, { customerId: 'p', ageDays: 25, count: 2 });
    const { perTenant } = await runPurge(db);
    const of = (keeper: Keeper) => perTenant.find(({ tenantId }) => tenantId === keeper.tenant.id);
    expect(of(one)).toMatchObject({ interactionHistory: 5, decisionTraces: 0, errors: [] });
    expect(of(two)).toMatchObject({ interactionHistory: 9, decisionTraces: 9, errors: [] });
    expect(await month.exists()).toBe(false);
    expect([await historyOf(one), await historyOf(two)]).toEqual([0, 0]);
    const { items } = await listReceipts(two.ctx, { limit: 10 });
    expect(items).toMatchObject([{ interactionHistory: 9, resumptions: 0 }]);
  });

  it('is dropped of outcomes by the days of interactions, and counted with them', async () => {
    const month = monthAgo(9);
    const part = month.name.replace('history', 'outcomes');
    await db.owner.unsafe(`create table ${part} partition of interaction_outcomes
      for values from (ms_uuid_at('${month.from}')) to (ms_uuid_at('${month.from}'::timestamptz + interval '1 month'))`);
    const keeper = await open();
    await keeper.keep('interaction_history', 30);
    await addOutcomes(db, keeper.tenant, { customerId: 'p', ageDays: month.ageDays, count: 6 });
    expect(await db.owner`select from ${db.owner(part)}`).toHaveLength(6);
    const { perTenant } = await runPurge(db);
    expect(perTenant.find(({ tenantId }) => tenantId === keeper.tenant.id)).toMatchObject({ interactionHistory: 6 });
    expect((await db.owner`select to_regclass(${part}) as found`)[0]?.found).toBeNull();
  });

  it('is dropped also when it is empty', async () => {
    const month = monthAgo(4);
    await month.make();
    await runPurge(db);
    expect(await month.exists()).toBe(false);
  });
});

describe('a month stays, and only what is due of it goes,', () => {
  const due = async (month: ReturnType<typeof monthAgo>) => {
    await month.make();
    const keeper = await open();
    await keeper.keep('interaction_history', 30);
    await addRows(db, keeper.tenant, { customerId: 'due', ageDays: month.ageDays, count: 4 });
    return keeper;
  };
  it.each<[string, (other: Keeper, ageDays: number) => Promise<unknown>]>([
    [
      'a subject of a tenant is on hold',
      (other) => other.keep('interaction_history', 30).then(() => other.holdSubject('kept')),
    ],
    [
      'the class of a tenant is on hold',
      (other) => other.keep('interaction_history', 30).then(() => other.holdClass('interaction_history')),
    ],
    ['the policy of a tenant is on legal hold', (other) => other.keep('interaction_history', 30, true)],
    ['a tenant keeps it for longer', (other, ageDays) => other.keep('interaction_history', Math.ceil(ageDays) + 60)],
    ['a tenant has no policy', async () => {}],
  ])('when %s', async (_why, prepare) => {
    const month = monthAgo(5);
    const keeper = await due(month);
    const other = await open();
    await addRows(db, other.tenant, { customerId: 'kept', ageDays: month.ageDays, count: 3 });
    await prepare(other, month.ageDays);
    await runPurge(db);
    expect(await month.exists()).toBe(true);
    expect([await historyOf(keeper), await historyOf(other)]).toEqual([0, 3]);
    await db.owner`delete from interaction_history where tenant_id = ${other.tenant.id}`;
  });

  it('when nobody has decided over the rows of a tenant: no lock is taken for it', async () => {
    const month = monthAgo(10);
    const keeper = await due(month);
    const other = await createTenant(db.owner, { slug: 'undecided', name: 'Undecided' });
    await addRows(db, other, { customerId: 'kept', ageDays: month.ageDays, count: 3 });
    const settings = () => db.owner`select from retention_settings where tenant_id = ${other.id}`;
    expect(await settings()).toHaveLength(0);
    // A hold that is being placed on the other's rows would make a drop that locks wait, and fail.
    await db.owner.begin(async (tx) => {
      await tx`select from retention_settings where tenant_id = ${keeper.tenant.id} for update`;
      expect(await judge(month.name)).toBeNull();
    });
    expect(await settings()).toHaveLength(0);
    await runPurge(db, { tenant: keeper.tenant.slug });
    expect([await month.exists(), await historyOf(keeper)]).toEqual([true, 0]);
    expect(await db.owner`select from interaction_history where tenant_id = ${other.id}`).toHaveLength(3);
    await db.owner`delete from interaction_history where tenant_id = ${other.id}`;
  });

  it('when a row in it was recorded later than its id says', async () => {
    const month = monthAgo(6);
    const keeper = await due(month);
    await db.owner`update interaction_history set created_at = now() where tenant_id = ${keeper.tenant.id}
      and id = (select id from interaction_history where tenant_id = ${keeper.tenant.id} limit 1)`;
    await runPurge(db);
    expect([await month.exists(), await historyOf(keeper)]).toEqual([true, 1]);
    await db.owner`delete from interaction_history where tenant_id = ${keeper.tenant.id}`;
  });

  it('when somebody reads it: the rows go in batches, and no insert waits', async () => {
    const month = monthAgo(7);
    const keeper = await due(month);
    const [reading, done] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const reader = db.owner.begin(async (tx) => {
      await tx.unsafe(`select count(*) from ${month.name}`);
      reading.resolve();
      await done.promise;
    });
    await reading.promise;
    await runPurge(db);
    expect([await month.exists(), await historyOf(keeper)]).toEqual([true, 0]);
    done.resolve();
    await reader;
    await runPurge(db);
    expect(await month.exists()).toBe(false);
  });

  it('when a transaction that wrote to the table stays open', async () => {
    const month = monthAgo(7);
    const keeper = await due(month);
    const [writing, done] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const writer = db.owner.begin(async (tx) => {
      await tx`insert into interaction_history (tenant_id, customer_id, offer_id, channel, interaction_type)
        values (${keeper.tenant.id}, 'new', 'o', 'web', 'impression')`;
      writing.resolve();
      await done.promise;
    });
    await writing.promise;
    const { perTenant } = await runPurge(db);
    expect(perTenant.find(({ tenantId }) => tenantId === keeper.tenant.id)).toMatchObject({ interactionHistory: 4 });
    expect([await month.exists(), await historyOf(keeper)]).toEqual([true, 0]);
    done.resolve();
    await writer;
    await runPurge(db);
    expect([await month.exists(), await historyOf(keeper)]).toEqual([false, 1]);
  });

  it('when it is the running month or the one before it', async () => {
    const keeper = await open();
    await keeper.keep('interaction_history', 1);
    const parts =
      () => db.owner`select inhrelid::regclass::text as name from pg_inherits where inhparent = 'interaction_history'::regclass
      and inhrelid::regclass::text >= ${monthAgo(1).name} order by 1`;
    const before = await parts();
    expect(before.length).toBeGreaterThan(2);
    await runPurge(db);
    expect(await parts()).toEqual(before);
  });
});

describe('a month that was judged', () => {
  it('is detached by the transaction that judged it alone, and by none that did not', async () => {
    const month = monthAgo(11);
    await month.make();
    const keeper = await open();
    await keeper.keep('interaction_history', 30);
    await addRows(db, keeper.tenant, { customerId: 'due', ageDays: month.ageDays, count: 2 });
    const detach = () => db.worker`select retention_detach_month(${month.name})`;
    await expect(detach()).rejects.toThrow(/was not found to be due/);
    expect(await judge(month.name)).toEqual([{ tenantId: keeper.tenant.id, deleted: 2 }]);
    await expect(detach()).rejects.toThrow(/was not found to be due/);
    // It was judged and left: whoever drops what is detached leaves it as it is.
    expect((await db.worker`select drop_detached_months() as n`)[0]?.n).toBe(0);
    expect([await month.exists(), await historyOf(keeper)]).toEqual([true, 2]);
    await db.owner`delete from interaction_history where tenant_id = ${keeper.tenant.id}`;
  });

  it('lets no hold be placed on its tenants until its transaction ends', async () => {
    const month = monthAgo(12);
    await month.make();
    const keeper = await open();
    await keeper.keep('interaction_history', 30);
    await addRows(db, keeper.tenant, { customerId: 'due', ageDays: month.ageDays, count: 2 });
    let placed = false;
    const { holding } = await db.worker.begin(async (tx) => {
      await tx`select retention_judge_month('interaction_history', ${month.name})`;
      const holding = keeper.holdClass('interaction_history').finally(() => {
        placed = true;
      });
      await waitForWaiter();
      expect((await tx`select retention_detach_month(${month.name}) as done`)[0]?.done).toBe(true);
      expect(placed).toBe(false);
      return { holding };
    });
    expect((await holding).covered).toMatchObject([{ dataClass: 'interaction_history', rows: 0 }]);
    expect(await historyOf(keeper)).toBe(0);
    expect((await db.worker`select drop_detached_months() as n`)[0]?.n).toBe(1);
    expect(await month.exists()).toBe(false);
  });

  it('is dropped by the next purge when its own was ended between detaching and dropping it, and counted once', async () => {
    const month = monthAgo(13);
    await month.make();
    const keeper = await open();
    await keeper.keep('interaction_history', 30);
    await addRows(db, keeper.tenant, { customerId: 'due', ageDays: month.ageDays, count: 3 });
    const failPoint = (name: string) => {
      if (name === 'dsarPurge.detached') throw new Error('ended here');
    };
    await expect(runPurge(db, {}, { failPoint })).rejects.toThrow('ended here');
    expect([await month.exists(), await historyOf(keeper)]).toEqual([true, 0]);
    await runPurge(db);
    expect(await month.exists()).toBe(false);
    const { items } = await listReceipts(keeper.ctx, { limit: 10 });
    expect(items).toMatchObject([{ interactionHistory: 3 }]);
    expect(await db.owner`select from detached_months where is_detached`).toHaveLength(0);
  });
});

describe('a hold that races the drop of a month', () => {
  it('is never accepted over rows that are then gone', async () => {
    const outcomes = { held: 0, refused: 0 };
    const month = monthAgo(8);
    const keeper = await open();
    await keeper.keep('interaction_history', 30);
    for (let pair = 0; pair < 16; pair += 1) {
      await month.make();
      await addRows(db, keeper.tenant, { customerId: 'raced', ageDays: month.ageDays, count: 3 });
      await db.owner`delete from decision_traces where tenant_id = ${keeper.tenant.id}`;
      await db.owner`delete from ai_attachments where tenant_id = ${keeper.tenant.id}`;
      // The hold comes before, with the first, second … transaction of the purge.
      let steps = 0;
      const reached = Promise.withResolvers<void>();
      const fence = async () => {
        if (++steps >= pair % 4) reached.resolve();
      };
      if (pair % 4 === 0) reached.resolve();
      const place = () => keeper.holdSubject('raced').catch(() => null);
      const [hold] = await Promise.all([
        reached.promise.then(place),
        runPurge(db, {}, { fence }).finally(reached.resolve),
      ]);
      expect(await historyOf(keeper)).toBe(
        hold?.covered.find(({ dataClass }) => dataClass === 'interaction_history')?.rows ?? 0,
      );
      outcomes[hold ? 'held' : 'refused'] += 1;
      if (hold) await releaseHold(keeper.ctx, { id: hold.id, reason: 'next pair' });
      await db.owner`delete from interaction_history where tenant_id = ${keeper.tenant.id}`;
    }
    expect(outcomes.held + outcomes.refused).toBe(16);
    expect(outcomes.refused).toBeGreaterThan(0);
  }, 300_000);
});
