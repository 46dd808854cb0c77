import { beforeAll, describe, expect, it } from 'vitest';
import { DATA_CLASSES } from '#db/schema/index.ts';
import { testDatabase } from '#db/testing/index.ts';
import { listHolds, releaseHold } from './holds.ts';
import { getOverview } from './policies.ts';
import { previewPurge } from './preview.ts';
import { addRows, type Keeper, openKeeper, runPurge } from './testing/index.ts';

const db = await testDatabase();
/** 1,000 by hand; enough in every run that a purge which looks for holds too early is caught. */
const PAIRS = Number(process.env.HOLD_RACES ?? '48');
/** Places of a purge at which a hold can come: before it, at each of its transactions, and after it. */
const STEPS = 12;

const rowsOf = async (customerId: string) =>
  (
    await db.owner<{ name: string }[]>`
      select 'interaction_history' as name from interaction_history where customer_id = ${customerId}
      union all select 'decision_traces' from decision_traces where customer_id = ${customerId}
      union all select 'ai_attachments' from ai_attachments where customer_id = ${customerId} order by 1`
  ).map(({ name }) => name);

describe('a hold on a subject', () => {
  it('keeps everything of the subject, whatever the days of the other classes are, until the last hold is released', async () => {
    const keeper = await openKeeper(db, 'subject', 'strictest');
    for (const dataClass of DATA_CLASSES) await keeper.keep(dataClass, 1);
    for (const customerId of ['s-held', 's-free']) await addRows(db, keeper.tenant, { customerId, ageDays: 5 });
    const [first, second] = [await keeper.holdSubject('s-held'), await keeper.holdSubject('s-held')];
    expect(first.covered.map(({ rows }) => rows)).toEqual([1, 1, 1]);
    const purge = () => runPurge(db, { tenant: 'subject' });
    expect((await purge()).perTenant).toMatchObject([{ decisionTraces: 1, interactionHistory: 1, aiAttachments: 1 }]);
    expect([await rowsOf('s-free'), await rowsOf('s-held')]).toEqual([[], [...DATA_CLASSES].sort()]);
    await releaseHold(keeper.ctx, { id: first.id, reason: 'settled' });
    await purge();
    expect(await rowsOf('s-held')).toHaveLength(3);
    await releaseHold(keeper.ctx, { id: second.id, reason: 'settled' });
    await purge();
    expect(await rowsOf('s-held')).toEqual([]);
  });

  it('keeps a trace whose interaction a shorter policy has purged before the hold was placed', async () => {
    const keeper = await openKeeper(db, 'orphans');
    await keeper.keep('interaction_history', 1);
    await addRows(db, keeper.tenant, { customerId: 'o-held', ageDays: 5 });
    await runPurge(db, { tenant: 'orphans' });
    expect(await rowsOf('o-held')).toEqual(['ai_attachments', 'decision_traces']);
    await keeper.holdSubject('o-held');
    await keeper.keep('decision_traces', 1);
    await keeper.keep('ai_attachments', 1);
    await runPurge(db, { tenant: 'orphans' });
    expect(await rowsOf('o-held')).toEqual(['ai_attachments', 'decision_traces']);
  });

  it('keeps rows that do not say whose they are: by their interaction, and where that is gone, all of them', async () => {
    const keeper = await openKeeper(db, 'unnamed');
    await addRows(db, keeper.tenant, { customerId: 'u-held', ageDays: 5 });
    await addRows(db, keeper.tenant, { customerId: 'u-free', ageDays: 5 });
    await addRows(db, keeper.tenant, { customerId: 'u-gone', ageDays: 5 });
    await db.owner`update decision_traces t set customer_id = null from interaction_history i
      where i.tenant_id = t.tenant_id and i.id = t.interaction_id and t.tenant_id = ${keeper.tenant.id}`;
    await db.owner`delete from interaction_history where customer_id = 'u-gone'`;
    await keeper.holdSubject('u-held');
    await keeper.keep('decision_traces', 1);
    expect((await runPurge(db, { tenant: 'unnamed' })).perTenant).toMatchObject([{ decisionTraces: 1 }]);
    const left = await db.owner<{ id: string | null }[]>`
      select i.customer_id as id from decision_traces t left join interaction_history i
        on i.tenant_id = t.tenant_id and i.id = t.interaction_id where t.tenant_id = ${keeper.tenant.id} order by 1`;
    expect(left.map(({ id }) => id)).toEqual(['u-held', null]);
  });

  it('is refused where nothing of the subject is stored, unless that is meant', async () => {
    const keeper = await openKeeper(db, 'empty');
    await expect(keeper.holdSubject('nobody')).rejects.toMatchObject({ code: 'RETENTION_SUBJECT_NOT_FOUND' });
    await keeper.holdSubject('nobody', true);
    await keeper.keep('interaction_history', 1);
    await addRows(db, keeper.tenant, { customerId: 'nobody', ageDays: 5 });
    await runPurge(db, { tenant: 'empty' });
    expect(await rowsOf('nobody')).toHaveLength(3);
  });
});

describe('a hold on a class', () => {
  it.each(['strictest', 'per_class'] as const)('keeps all of the class and nothing else under %s', async (mode) => {
    const keeper = await openKeeper(db, `class-${mode.slice(0, 3)}`, mode);
    for (const dataClass of DATA_CLASSES) await keeper.keep(dataClass, 1);
    await addRows(db, keeper.tenant, { customerId: 'c', ageDays: 5, count: 3 });
    const hold = await keeper.holdClass('decision_traces');
    expect(hold.covered).toEqual([{ dataClass: 'decision_traces', rows: 3, isMore: false }]);
    await runPurge(db, { tenant: keeper.tenant.slug });
    expect(await keeper.counts()).toEqual({ decisionTraces: 3, interactionHistory: 0, aiAttachments: 0 });
    const { policies } = await getOverview(keeper.ctx);
    expect(policies.map(({ isHeld, legalHold }) => [isHeld, legalHold])).toEqual([
      [true, false],
      [false, false],
      [false, false],
    ]);
    await releaseHold(keeper.ctx, { id: hold.id, reason: 'settled' });
    await runPurge(db, { tenant: keeper.tenant.slug });
    expect(await keeper.counts()).toMatchObject({ decisionTraces: 0 });
  });

  it('placed between two batches stops the purge of the class there', async () => {
    const keeper = await openKeeper(db, 'midway');
    await keeper.keep('interaction_history', 1);
    await addRows(db, keeper.tenant, { customerId: 'm', ageDays: 5, count: 40 });
    let batches = 0;
    const [placed, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    // Between two batches the purge waits at its fence until the hold is there.
    const fence = async () => {
      if (++batches !== 3) return;
      placed.resolve();
      await released.promise;
    };
    const purge = runPurge(db, { tenant: 'midway' }, { fence, batchRows: 10 });
    await placed.promise;
    const hold = await keeper.holdClass('interaction_history');
    released.resolve();
    expect((await purge).perTenant).toMatchObject([{ interactionHistory: 10, retentionDays: 1 }]);
    expect(hold.covered).toMatchObject([{ rows: 30 }]);
    expect(await keeper.counts()).toMatchObject({ interactionHistory: 30 });
  });
});

describe('longer days', () => {
  it('set between two batches keep what they now cover', async () => {
    const keeper = await openKeeper(db, 'longer');
    await keeper.keep('interaction_history', 1);
    await addRows(db, keeper.tenant, { customerId: 'l', ageDays: 5, count: 30 });
    let batches = 0;
    const [changed, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const fence = async () => {
      if (++batches !== 3) return;
      changed.resolve();
      await goOn.promise;
    };
    const purge = runPurge(db, { tenant: 'longer' }, { fence, batchRows: 10 });
    await changed.promise;
    await keeper.keep('interaction_history', 30);
    goOn.resolve();
    expect((await purge).perTenant).toMatchObject([{ interactionHistory: 10 }]);
    expect(await keeper.counts()).toMatchObject({ interactionHistory: 20 });
  });
});

describe('what is on hold', () => {
  it('is listed, counted apart in the dry run, and released once only', async () => {
    const keeper = await openKeeper(db, 'listed', 'strictest');
    await keeper.keep('interaction_history', 30);
    await keeper.keep('decision_traces', 3);
    await addRows(db, keeper.tenant, { customerId: 'a', ageDays: 5, count: 2 });
    await addRows(db, keeper.tenant, { customerId: 'b', ageDays: 40 });
    const hold = await keeper.holdSubject('b');
    const preview = await previewPurge(keeper.ctx);
    expect(preview).toMatchObject({ mode: 'strictest', retentionDays: 3 });
    expect(
      preview.classes.map(({ rows, heldRows, isDeletedEarly, effectiveDays }) => ({
        rows,
        heldRows,
        isDeletedEarly,
        effectiveDays,
      })),
    ).toEqual([
      { rows: 2, heldRows: 1, isDeletedEarly: false, effectiveDays: 3 },
      { rows: 2, heldRows: 1, isDeletedEarly: true, effectiveDays: 3 },
      { rows: 2, heldRows: 1, isDeletedEarly: true, effectiveDays: 3 },
    ]);
    const day = new Date(Date.now() - 5 * 86_400_000).toISOString().slice(0, 10);
    expect(preview.classes[0]?.days).toEqual([{ day, rows: 2 }]);
    expect(Date.parse(preview.classes[0]!.oldestAt!)).toBeLessThan(Date.now() - 39 * 86_400_000);
    expect(await listHolds(keeper.ctx, { state: 'active', limit: 10 })).toMatchObject({ items: [{ id: hold.id }] });
    await releaseHold(keeper.ctx, { id: hold.id, reason: 'settled' });
    await expect(releaseHold(keeper.ctx, { id: hold.id, reason: 'again' })).rejects.toMatchObject({
      code: 'RETENTION_HOLD_RELEASED',
    });
    expect(await listHolds(keeper.ctx, { state: 'active', limit: 10 })).toEqual({ items: [], nextCursor: null });
    const { items } = await listHolds(keeper.ctx, { state: 'released', limit: 10 });
    expect(items).toMatchObject([{ releaseReason: 'settled', reason: 'a matter' }]);
    const actions = await db.owner<{ action: string }[]>`
      select action from audit_log where tenant_id = ${keeper.tenant.id} and action in ('retention.hold', 'retention.release')
      order by id`;
    expect(actions.map(({ action }) => action)).toEqual(['retention.hold', 'retention.release']);
  });
});

describe(`${PAIRS} racing pairs of a hold and a purge`, () => {
  let keeper: Keeper;
  const blobs = new Set<string>();
  beforeAll(async () => {
    keeper = await openKeeper(db, 'races', 'strictest');
    await keeper.keep('interaction_history', 1);
  });
  const deleteBlob = async (location: string) => (blobs.delete(location) ? ('deleted' as const) : ('missing' as const));
  /**
   * A purge and a hold at once. The hold begins when the purge begins its transaction number `step`, so that over the
   * pairs every lock is raced for; step 0 lets the hold be there first, a step too many lets it come after.
   */
  async function race<T>(step: number, placeHold: () => Promise<T>): Promise<T> {
    if (step === 0) {
      const hold = await placeHold();
      await runPurge(db, { tenant: 'races' }, { deleteBlob, batchRows: 2 });
      return hold;
    }
    let steps = 0;
    const reached = Promise.withResolvers<void>();
    const fence = async () => {
      if (++steps === step) reached.resolve();
    };
    const purge = runPurge(db, { tenant: 'races' }, { deleteBlob, batchRows: 2, fence }).finally(reached.resolve);
    const [hold] = await Promise.all([reached.promise.then(placeHold), purge]);
    return hold;
  }

  it('on a subject never end with the hold accepted and a record or a blob gone', async () => {
    const outcomes = { held: 0, refused: 0 };
    for (let pair = 0; pair < PAIRS; pair += 1) {
      const customerId = `race-${pair}`;
      await addRows(db, keeper.tenant, { customerId, ageDays: 5, location: customerId });
      blobs.add(`${customerId}/1`);
      const hold = await race(pair % STEPS, () =>
        keeper.holdSubject(customerId).catch((error: { code?: string }) => {
          expect(error.code).toBe('RETENTION_SUBJECT_NOT_FOUND');
          return null;
        }),
      );
      const left = await rowsOf(customerId);
      if (!hold) {
        outcomes.refused += 1;
        expect(left).toEqual([]);
        continue;
      }
      outcomes.held += 1;
      // A hold in the middle of a purge covers what is there by then: all of that is there still.
      const covered = hold.covered.filter(({ rows }) => rows > 0).map(({ dataClass }) => dataClass);
      expect(left).toEqual(covered.sort());
      expect(blobs.has(`${customerId}/1`)).toBe(covered.includes('ai_attachments'));
      await releaseHold(keeper.ctx, { id: hold.id, reason: 'next pair' });
    }
    // Both ways round were seen, or the pairs did not race.
    expect(outcomes.held).toBeGreaterThan(0);
    expect(outcomes.refused).toBeGreaterThan(0);
  }, 600_000);

  it('on a class never end with the hold accepted and a covered record gone', async () => {
    let kept = 0;
    for (let pair = 0; pair < PAIRS; pair += 1) {
      await addRows(db, keeper.tenant, { customerId: 'class-race', ageDays: 5, count: 6 });
      const hold = await race(pair % STEPS, () => keeper.holdClass('decision_traces'));
      const covered = hold.covered[0]!.rows;
      expect((await keeper.counts()).decisionTraces).toBe(covered);
      kept += covered;
      await releaseHold(keeper.ctx, { id: hold.id, reason: 'next pair' });
      await runPurge(db, { tenant: 'races' });
    }
    expect(kept).toBeGreaterThan(0);
  }, 600_000);
});
