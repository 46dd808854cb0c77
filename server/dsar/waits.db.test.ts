// What an erasure waits for, and goes over again: what is written while it goes on.
import { describe, expect, it } from 'vitest';
import { passHorizon, testDatabase } from '#db/testing/index.ts';
import { recomputeEngagement } from '#server/engagement/index.ts';
import { transaction } from '#server/lib/index.ts';
import { addSubject, findAnywhere, isBlobThere, openOffice } from './testing/index.ts';

const db = await testDatabase();

describe('an erasure', () => {
  it('waits for events that are not published yet, counts them, and is completed when they are', async () => {
    const office = await openOffice(db, 'unpublished');
    await addSubject(db, office, { customerId: 'cust-slow' });
    await db.owner`insert into testing.events (tenant_id, type, key, payload) values
      (${office.tenant.id}, 't', 'cust-slow', '{}'), (${office.tenant.id}, 't', 'other', '{"of": "cust-slow"}')`;
    const request = await office.ask('cust-slow');
    await office.makeDue(request.id);
    expect((await office.carryOut()).counts).toMatchObject({ dsarWaiting: 1, dsarCompleted: 0 });
    expect(await office.get(request.id)).toMatchObject({
      ...{ state: 'waiting', waitingEvents: 2, error: '2 events of the subject are still to be published' },
      counts: { outbox_events: 1, interaction_history: 1 },
    });
    expect(
      await db.owner`select from outbox_events where tenant_id = ${office.tenant.id} and status = 'pending'`,
    ).toHaveLength(2);
    await db.owner`update outbox_events set status = 'published', published_at = now() where tenant_id = ${office.tenant.id}`;
    expect((await office.carryOut()).counts).toMatchObject({ dsarCompleted: 1 });
    expect(await office.get(request.id)).toMatchObject({
      state: 'completed',
      waitingEvents: 0,
      counts: { outbox_events: 3 },
    });
  });

  it('goes on while records of the subject keep coming, and says up to when it searched', async () => {
    const office = await openOffice(db, 'coming');
    await addSubject(db, office, { customerId: 'cust-busy', count: 2 });
    const request = await office.ask('cust-busy');
    await office.makeDue(request.id);
    let batches = 0;
    const failPoint = (name: string) => {
      if (name === 'dsar.batch') batches += 1;
    };
    // Recorded when the first pass is past the interactions.
    const fence = async () => {
      if (batches === 10) {
        batches += 1;
        await addSubject(db, office, { customerId: 'cust-busy' });
      }
    };
    await office.carryOut({ failPoint, fence });
    const { receipt, counts } = await office.get(request.id);
    expect(counts).toMatchObject({ interaction_history: 3, blobs: 3 });
    expect(receipt).toMatchObject({ passes: 3 });
    expect(await findAnywhere(db, office.tenant.id, 'cust-busy')).toEqual([]);
  });

  it('waits for a score that is being computed from what it erases', async () => {
    const office = await openOffice(db, 'scores');
    await addSubject(db, office, { customerId: 'cust-score' });
    const request = await office.ask('cust-score');
    await office.makeDue(request.id);
    const [computed, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const recompute = transaction(db.worker, { tenantId: office.tenant.id }, async (tx) => {
      await recomputeEngagement(tx, office.tenant.id);
      computed.resolve();
      await goOn.promise;
    });
    await computed.promise;
    const erasing = office.carryOut({
      failPoint: (name) => {
        // The interactions are erased: the next store is the scores, whose writer still holds them.
        if (name === 'dsar.batch') setTimeout(goOn.resolve, 100);
      },
    });
    await Promise.all([recompute, erasing]);
    expect((await office.get(request.id)).state).toBe('completed');
    expect(await findAnywhere(db, office.tenant.id, 'cust-score')).toEqual([]);
  });

  it('is not completed while an export may still write what it has read', async () => {
    const office = await openOffice(db, 'exporting');
    await addSubject(db, office, { customerId: 'cust-export' });
    await passHorizon(db.owner);
    const [run] = await db.owner<{ id: string }[]>`insert into cron_runs (job, process_id, lease_until)
      values ('exportInteractions', 'p', now() + interval '1 hour') returning id`;
    await db.owner`insert into cron_jobs (job, token, run_id) values ('exportInteractions', 1, ${run!.id})
      on conflict (job) do update set run_id = excluded.run_id`;
    await db.owner`insert into export_checkpoints (tenant_id, data_set, planned_tx, planned_id)
      values (${office.tenant.id}, 'interaction_history', '1', ms_uuid())`;
    const request = await office.ask('cust-export');
    await office.makeDue(request.id);
    expect((await office.carryOut()).counts).toMatchObject({ dsarWaiting: 1 });
    const key = `exports/${office.tenant.id}/interaction_history/year=2026/month=01/day=01/batch-1.json`;
    await office.blobs.put(key, '{"customerId": "cust-export"}\n');
    await db.owner`update export_checkpoints set planned_tx = null, planned_id = null where tenant_id = ${office.tenant.id}`;
    expect((await office.carryOut()).counts).toMatchObject({ dsarCompleted: 1 });
    expect(await isBlobThere(office.blobs, key)).toBe(false);
    expect((await office.get(request.id)).counts).toMatchObject({ exported_lines: 1 });
    await db.owner`delete from cron_jobs`;
  });
});
