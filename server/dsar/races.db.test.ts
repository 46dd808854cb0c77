// What an erasure is raced with: a hold on its subject, and the publisher of its subject's events. DSAR_RACES says how
// many pairs; `npm run chaos:dsar` does 1,000 of each.
import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { transaction } from '#server/lib/index.ts';
import { appendEvent, type EventPublisher, type Hold, LANES, publishLane, takeLanes } from '#server/outbox/index.ts';
import { placeHold, releaseHold } from '#server/retention/index.ts';
import { addSubject, findAnywhere, isBlobThere, type Office, openOffice } from './testing/index.ts';

const db = await testDatabase();
/** Enough in every run that an erasure which looks for holds too early, or takes what is not published, is caught. */
const PAIRS = Number(process.env.DSAR_RACES ?? '36');
const PAIRS_PER_TENANT = 50;
/** Transactions of an erasure with which the other begins: before it, with each that erases, later, and after it. */
const STEPS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 25, 1_000];

/** Carries requests out and begins `other` with the erasure's transaction of this number. */
async function race<T>(office: Office, step: number, other: () => Promise<T>): Promise<T> {
  const reached = Promise.withResolvers<void>();
  if (step === 0) {
    const done = await other();
    await office.carryOut();
    return done;
  }
  let steps = 0;
  const fence = async () => {
    if (++steps === step) reached.resolve();
  };
  const erasing = office.carryOut({ fence }).finally(reached.resolve);
  const [done, { errors }] = await Promise.all([reached.promise.then(other), erasing]);
  expect(errors).toEqual([]);
  return done;
}

const rowsOf = async (tenantId: string) => {
  const [row] = await db.owner<{ rows: number }[]>`
    select ((select count(*) from ai_attachments where tenant_id = ${tenantId})
      + (select count(*) from decision_traces where tenant_id = ${tenantId})
      + (select count(*) from interaction_outcomes where tenant_id = ${tenantId})
      + (select count(*) from interaction_history where tenant_id = ${tenantId}))::int as rows`;
  return row!.rows;
};

describe(`${PAIRS} racing pairs of an erasure and a hold`, () => {
  it('never end with the hold accepted and a record or a blob gone that it covers', async () => {
    const office = await openOffice(db, 'hold-races');
    const outcomes = { refused: 0, completed: 0 };
    for (let pair = 0; pair < PAIRS; pair += 1) {
      const customerId = `race-${pair}-x`;
      const [location] = await addSubject(db, office, { customerId });
      const { id } = await office.ask(customerId);
      await office.makeDue(id);
      const hold = await race(office, STEPS[pair % STEPS.length]!, () =>
        placeHold(office.ctx, { kind: 'subject', customerId, reason: 'race', acceptEmpty: false }).catch(
          (error: { code?: string }) => {
            expect(error.code).toBe('RETENTION_SUBJECT_NOT_FOUND');
            return null;
          },
        ),
      );
      const covered = hold?.covered.reduce((sum, { rows }) => sum + rows, 0) ?? 0;
      expect(await rowsOf(office.tenant.id)).toBe(covered);
      if (hold?.covered.some(({ dataClass, rows }) => dataClass === 'ai_attachments' && rows > 0))
        expect(await isBlobThere(office.blobs, location!)).toBe(true);
      // What a hold covers is there, so the erasure cannot say that it is done.
      expect((await office.get(id)).state).toBe(hold ? 'refused' : 'completed');
      outcomes[hold ? 'refused' : 'completed'] += 1;
      if (!hold) continue;
      await releaseHold(office.ctx, { id: hold.id, reason: 'next pair' });
      await office.carryOut();
      expect([(await office.get(id)).state, await rowsOf(office.tenant.id)]).toEqual(['completed', 0]);
    }
    // Both ways round were seen, or the pairs did not race.
    expect(Math.min(outcomes.refused, outcomes.completed)).toBeGreaterThan(0);
  }, 3_600_000);
});

describe(`${PAIRS} racing pairs of an erasure and a publisher`, () => {
  const sent = new Map<string, number>();
  const publisher: EventPublisher = {
    backend: 'recording',
    async publish(events) {
      for (const { id } of events) sent.set(id, (sent.get(id) ?? 0) + 1);
      return events.map(() => ({ kind: 'published' }) as const);
    },
    close: async () => {},
  };
  async function publish(holds: Hold[]): Promise<number> {
    const options = { leaseMs: 600_000, batchSize: 500, maxAttempts: 2, isSweep: true };
    let published = 0;
    for (const hold of holds) {
      const turn = await publishLane({ pool: db.worker, publisher }, hold, {
        ...options,
        signal: new AbortController().signal,
      });
      expect(turn).toMatchObject({ lost: 0, failed: 0 });
      published += turn.published;
    }
    return published;
  }

  it('lose no event that is not published, and leave the subject nowhere once the receipt says completed', async () => {
    const holds = await takeLanes(db.worker, { owner: 'races', leaseMs: 600_000, limit: LANES, held: [] });
    const outcomes = { completed: 0, waiting: 0 };
    let published = 0;
    let appended = 0;
    let office: Office | null = null;
    for (let pair = 0; pair < PAIRS; pair += 1) {
      // What others' events keep of the pairs before is gone over with each: a new tenant now and then has none.
      if (office === null || pair % PAIRS_PER_TENANT === 0) office = await openOffice(db, `publish-races-${pair}`);
      const tenantId = office.tenant.id;
      const customerId = `pub-${pair}-x`;
      await addSubject(db, office, { customerId });
      const events = await transaction(db.app, { tenantId }, async (tx) => {
        const made: string[] = [];
        for (const key of [customerId, customerId, 'somebody else'])
          made.push((await appendEvent(tx, { tenantId, type: 't.v1', key, payload: { of: [customerId] } })).eventId);
        return made;
      });
      appended += events.length;
      const { id } = await office.ask(customerId);
      await office.makeDue(id);
      published += await race(office, STEPS[pair % STEPS.length]!, () => publish(holds));
      const { state, waitingEvents } = await office.get(id);
      expect(state).toMatch(/^(completed|waiting)$/);
      if (state === 'waiting') {
        outcomes.waiting += 1;
        expect(waitingEvents).toBeGreaterThan(0);
        published += await publish(holds);
        await office.carryOut();
      } else outcomes.completed += 1;
      expect((await office.get(id)).state).toBe('completed');
      // Each was sent, and counted as such, before it was erased.
      expect(events.map((event) => sent.get(event))).toEqual([1, 1, 1]);
      expect(await findAnywhere(db, tenantId, customerId)).toEqual([]);
    }
    expect(published).toBe(appended);
    const [counted] = await db.owner<{ published: number }[]>`
      select sum(published)::int as published from outbox_counters`;
    expect(counted?.published).toBe(appended);
    expect(Math.min(outcomes.completed, outcomes.waiting)).toBeGreaterThan(0);
  }, 3_600_000);
});
