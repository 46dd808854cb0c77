// Who has read the subject before they were erased, and stores it after: no receipt is written before those have ended.

import { describe, expect, it } from 'vitest';
import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { testDatabase } from '#db/testing/index.ts';
import { newId, type Tx, transaction } from '#server/lib/index.ts';
import { addSubject, findAnywhere, type Office, openOffice } from './testing/index.ts';

const db = await testDatabase();
const SUBJECT = 'cust-writer';

async function openErasure(slug: string) {
  const office = await openOffice(db, slug);
  await addSubject(db, office, { customerId: SUBJECT });
  const { id } = await office.ask(SUBJECT);
  await office.makeDue(id);
  return { office, id };
}

/** A transaction that stays open until it is ended, with a statement as its last. */
async function openTransaction(pool: Pool, { tenant }: Office, last: (tx: Tx) => Promise<unknown> = async () => {}) {
  const [opened, ending] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const done = transaction(pool, { tenantId: tenant.id }, async (tx) => {
    await tx.execute(sql`select 1`);
    opened.resolve();
    await ending.promise;
    await last(tx);
  });
  await opened.promise;
  return {
    end: () => {
      ending.resolve();
      return done;
    },
  };
}

const storeLetter =
  ({ tenant }: Office) =>
  (tx: Tx) =>
    tx.execute(sql`insert into dlq_entries (tenant_id, pipeline_id, run_id, version, node_id, rule, error_kind, message, payload, row_key)
    values (${tenant.id}, ms_uuid(), ms_uuid(), 1, 'n', 'r', 'rule', ${`no number in ${SUBJECT}`}, ${JSON.stringify({ customerId: SUBJECT })}::text::jsonb, '{}')`);
const storeEvent =
  ({ tenant }: Office) =>
  (tx: Tx) =>
    tx.execute(sql`insert into testing.events (tenant_id, type, key, payload, status, published_at)
    values (${tenant.id}, 't', ${SUBJECT}, '{}', 'published', now())`);

const claimRun = async ({ tenant }: Pick<Office, 'tenant'>): Promise<string> => {
  const run = newId();
  await db.owner`insert into run_queue (run_id, tenant_id, pipeline_id, token, attempt, claimed_by, claimed_at, lease_until)
    values (${run}, ${tenant.id}, ms_uuid(), 1, 1, 'r', now(), now() + interval '1 hour')`;
  return run;
};

describe('an erasure is not completed', () => {
  it.each([
    ['worker', 'dlq_entries', storeLetter],
    ['app', 'outbox_events', storeEvent],
  ] as const)(
    'while a transaction of the %s is open that may have read the subject, and finds in %s what it stores',
    async (role, table, store) => {
      const { office, id } = await openErasure(`tx-${role}`);
      const writer = await openTransaction(db[role], office, store(office));
      expect((await office.carryOut({ writerWaitMs: 0 })).counts).toMatchObject({ dsarWaiting: 1, dsarCompleted: 0 });
      expect(await office.get(id)).toMatchObject({
        ...{ state: 'waiting', receipt: null, counts: { interaction_history: 1 } },
        error: expect.stringContaining('1 open transaction that began before'),
      });
      await writer.end();
      expect((await office.carryOut()).counts).toMatchObject({ dsarCompleted: 1 });
      expect((await office.get(id)).counts[table]).toBe(table === 'outbox_events' ? 2 : 1);
      expect(await findAnywhere(db, office.tenant.id, SUBJECT)).toEqual([]);
    },
  );

  it('while a run is under way that was claimed before', async () => {
    const { office, id } = await openErasure('run');
    const run = await claimRun(office);
    await claimRun(await openOffice(db, 'other-runs'));
    expect((await office.carryOut({ writerWaitMs: 0 })).counts).toMatchObject({ dsarWaiting: 1, dsarCompleted: 0 });
    expect((await office.get(id)).error).toContain('1 run that began before');
    await transaction(db.worker, { tenantId: office.tenant.id }, storeLetter(office));
    await db.owner`delete from run_queue where run_id = ${run}`;
    expect((await office.carryOut({ writerWaitMs: 0 })).counts).toMatchObject({ dsarCompleted: 1 });
    expect((await office.get(id)).counts).toMatchObject({ dlq_entries: 1 });
    expect(await findAnywhere(db, office.tenant.id, SUBJECT)).toEqual([]);
  });

  it('while what was there before has not ended, and waits for no claim and no transaction that came later', async () => {
    const { office } = await openErasure('claims');
    const run = await claimRun(office);
    expect((await office.carryOut({ writerWaitMs: 0 })).counts).toMatchObject({ dsarWaiting: 1 });
    // Lost, and claimed again: it reads what is left.
    await db.owner`update run_queue set token = 2 where run_id = ${run}`;
    await claimRun(office);
    const later = await openTransaction(db.worker, office);
    expect((await office.carryOut({ writerWaitMs: 0 })).counts).toMatchObject({ dsarCompleted: 1 });
    await later.end();
  });

  it('when the go that erased was cut off before it knew who was writing', async () => {
    const { office, id } = await openErasure('cut-off');
    const writer = await openTransaction(db.worker, office, storeLetter(office));
    const dies = () => {
      throw new Error('the machine went away');
    };
    let batches = 0;
    await office.carryOut({ failPoint: (name) => (name === 'dsar.batch' && ++batches === 5 ? dies() : undefined) });
    expect(await office.get(id)).toMatchObject({ state: 'failed', counts: { interaction_history: 1 } });
    expect((await office.carryOut({ writerWaitMs: 0 })).counts).toMatchObject({ dsarWaiting: 1 });
    await writer.end();
    expect((await office.carryOut()).counts).toMatchObject({ dsarCompleted: 1 });
    expect(await findAnywhere(db, office.tenant.id, SUBJECT)).toEqual([]);
  });
});

describe('an erasure is completed in one go', () => {
  it('when who was writing ends soon', async () => {
    const { office, id } = await openErasure('soon');
    const writer = await openTransaction(db.worker, office, storeLetter(office));
    let ended: Promise<void> | undefined;
    const failPoint = (name: string) => {
      if (name === 'dsar.writers' && batches > 0) ended ??= writer.end();
      if (name === 'dsar.batch') batches += 1;
    };
    let batches = 0;
    expect((await office.carryOut({ failPoint, writerWaitMs: 60_000 })).counts).toMatchObject({ dsarCompleted: 1 });
    await ended;
    expect(await office.get(id)).toMatchObject({ counts: { dlq_entries: 1 }, receipt: { passes: 3 } });
  });

  it('while somebody else’s transactions stay open: a dump, a console', async () => {
    const { office } = await openErasure('dump');
    const dump = await openTransaction(db.owner, office);
    expect((await office.carryOut({ writerWaitMs: 0 })).counts).toMatchObject({ dsarCompleted: 1 });
    await dump.end();
  });
});
