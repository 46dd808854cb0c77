// Outcomes are of the class of the interactions whose outcomes they are: policies, holds, dry run, purge and receipt.
import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { previewPurge } from './preview.ts';
import { listReceipts, receiptHash } from './receipts.ts';
import { addOutcomes, addRows, type Keeper, openKeeper, runPurge } from './testing/index.ts';

const db = await testDatabase();
const outcomesOf = async ({ tenant }: Keeper) =>
  (
    await db.owner<{ customer: string; n: number }[]>`select customer_id as customer, count(*)::int as n
    from interaction_outcomes where tenant_id = ${tenant.id} group by 1 order by 1`
  ).map((row) => ({ ...row }));
let made = 0;
const open = (mode?: 'strictest' | 'per_class') => openKeeper(db, `outcomes-${++made}`, mode);
const historyOf = async (keeper: Keeper) =>
  (await previewPurge(keeper.ctx)).classes.find(({ dataClass }) => dataClass === 'interaction_history')!;

describe('outcomes of interactions', () => {
  it('go by the policy of the interaction history, by their own age, and are counted with it', async () => {
    const keeper = await open();
    await keeper.keep('interaction_history', 30);
    await addRows(db, keeper.tenant, { customerId: 'c', ageDays: 40, count: 3 });
    await addOutcomes(db, keeper.tenant, { customerId: 'old', ageDays: 50, count: 25 });
    await addOutcomes(db, keeper.tenant, { customerId: 'new', ageDays: 5, count: 4 });
    const preview = await historyOf(keeper);
    expect(preview).toMatchObject({ rows: 28, heldRows: 0, days: [{ rows: 25 }, { rows: 3 }] });
    expect(Date.parse(preview.oldestAt!)).toBeLessThan(Date.now() - 49 * 86_400_000);
    const { perTenant } = await runPurge(db, { tenant: keeper.tenant.slug }, { batchRows: 10 });
    expect(perTenant).toMatchObject([{ interactionHistory: 28, decisionTraces: 0, aiAttachments: 0, errors: [] }]);
    expect(await outcomesOf(keeper)).toEqual([{ customer: 'new', n: 4 }]);
    const [receipt] = (await listReceipts(keeper.ctx, { limit: 1 })).items;
    expect(receipt).toMatchObject({ interactionHistory: 28 });
    expect(receiptHash(keeper.tenant.id, receipt!)).toBe(receipt?.hash);
  });

  it('stay where only the other classes have a policy', async () => {
    const keeper = await open();
    await keeper.keep('decision_traces', 30);
    await addOutcomes(db, keeper.tenant, { customerId: 'old', ageDays: 50, count: 2 });
    await runPurge(db, { tenant: keeper.tenant.slug });
    expect(await outcomesOf(keeper)).toEqual([{ customer: 'old', n: 2 }]);
  });

  it.each(['strictest', 'per_class'] as const)('on hold with their class lose nothing (%s)', async (mode) => {
    const keeper = await open(mode);
    await keeper.keep('interaction_history', 30);
    await keeper.keep('decision_traces', 1);
    await addOutcomes(db, keeper.tenant, { customerId: 'old', ageDays: 50, count: 2 });
    const { covered } = await keeper.holdClass('interaction_history');
    expect(covered).toEqual([{ dataClass: 'interaction_history', rows: 2, isMore: false }]);
    await runPurge(db, { tenant: keeper.tenant.slug });
    expect(await outcomesOf(keeper)).toEqual([{ customer: 'old', n: 2 }]);
  });

  it('of a subject on hold stay, and the others go', async () => {
    const keeper = await open('strictest');
    await keeper.keep('decision_traces', 30);
    await addOutcomes(db, keeper.tenant, { customerId: 'held', ageDays: 50, count: 2 });
    await addOutcomes(db, keeper.tenant, { customerId: 'free', ageDays: 50, count: 3 });
    // Only outcomes are left of this subject: they are enough for a hold without `acceptEmpty`.
    const { covered } = await keeper.holdSubject('held');
    expect(covered).toContainEqual({ dataClass: 'interaction_history', rows: 2, isMore: false });
    expect(await historyOf(keeper)).toMatchObject({ rows: 3, heldRows: 2 });
    const { perTenant } = await runPurge(db, { tenant: keeper.tenant.slug });
    expect(perTenant).toMatchObject([{ interactionHistory: 3 }]);
    expect(await outcomesOf(keeper)).toEqual([{ customer: 'held', n: 2 }]);
  });
});
