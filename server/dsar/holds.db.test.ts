// A hold beats an erasure: on its subject, on a class, or on somebody else whose records name the subject.
import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { placeHold, releaseHold } from '#server/retention/index.ts';
import { addSubject, auditOf, findAnywhere, openOffice } from './testing/index.ts';

const db = await testDatabase();

describe('a hold', () => {
  it.each(['subject', 'class', 'policy'] as const)(
    'on the %s refuses an erasure, once on record, which is carried out when it is released',
    async (what) => {
      const office = await openOffice(db, `held-${what}`);
      await addSubject(db, office, { customerId: 'cust-held' });
      const place = () =>
        what === 'subject'
          ? placeHold(office.ctx, { kind: 'subject', customerId: 'cust-held', reason: 'Case 9', acceptEmpty: false })
          : placeHold(office.ctx, { kind: 'class', dataClass: 'decision_traces', reason: 'Case 9' });
      let holdId: string | null = null;
      if (what === 'policy')
        await db.owner`insert into retention_policies (tenant_id, data_class, retention_days, legal_hold, note)
        values (${office.tenant.id}, 'decision_traces', 0, true, 'Case 9')`;
      else holdId = (await place()).id;
      const before = await findAnywhere(db, office.tenant.id, 'cust-held');
      const request = await office.ask('cust-held');
      await office.makeDue(request.id);
      expect((await office.carryOut()).counts).toMatchObject({ dsarRefused: 1 });
      expect((await office.carryOut()).counts).toMatchObject({ dsarRefused: 1 });
      expect(await office.get(request.id)).toMatchObject({
        state: 'refused',
        refusal: { holdId, reason: 'Case 9' },
        counts: {},
      });
      expect(
        (await findAnywhere(db, office.tenant.id, 'cust-held')).filter(({ table }) => table !== 'dsar_requests'),
      ).toEqual(before);
      if (holdId) await releaseHold(office.ctx, { id: holdId, reason: 'settled' });
      else await db.owner`update retention_policies set legal_hold = false where tenant_id = ${office.tenant.id}`;
      expect((await office.carryOut()).counts).toMatchObject({ dsarCompleted: 1 });
      expect((await auditOf(db, office)).map(({ action }) => action)).toEqual([
        'dsar.create',
        'dsar.refuse',
        'dsar.complete',
      ]);
      const left = await findAnywhere(db, office.tenant.id, 'cust-held');
      expect(left.filter(({ table }) => table !== 'audit_log')).toEqual([]);
    },
  );

  it('placed between two steps stops the erasure there', async () => {
    const office = await openOffice(db, 'midway');
    await addSubject(db, office, { customerId: 'cust-mid', count: 6 });
    const request = await office.ask('cust-mid');
    await office.makeDue(request.id);
    let steps = 0;
    let covered = 0;
    const fence = async () => {
      if (++steps !== 12) return;
      const hold = await placeHold(office.ctx, {
        kind: 'subject',
        customerId: 'cust-mid',
        reason: 'now',
        acceptEmpty: true,
      });
      covered = hold.covered.reduce((sum, { rows }) => sum + rows, 0);
    };
    expect((await office.carryOut({ fence, batchRows: 2 })).counts).toMatchObject({ dsarRefused: 1 });
    const [left] = await db.owner<{ rows: number }[]>`
      select (select count(*) from ai_attachments where tenant_id = ${office.tenant.id}) + (select count(*) from decision_traces where tenant_id = ${office.tenant.id})
        + (select count(*) from interaction_history where tenant_id = ${office.tenant.id}) + (select count(*) from interaction_outcomes where tenant_id = ${office.tenant.id}) as rows`;
    expect(covered).toBeGreaterThan(0);
    expect(Number(left!.rows)).toBe(covered);
  });

  it('on somebody else keeps what is recorded of them, also where it names the subject, and the receipt counts it', async () => {
    const office = await openOffice(db, 'friend');
    await addSubject(db, office, { customerId: 'cust-a' });
    await db.owner`insert into interaction_history (tenant_id, customer_id, offer_id, channel, interaction_type, context)
      values (${office.tenant.id}, 'cust-b', 'o', 'web', 'i', '{"by": "cust-a"}')`;
    await placeHold(office.ctx, { kind: 'subject', customerId: 'cust-b', reason: 'Case', acceptEmpty: false });
    const request = await office.ask('cust-a');
    await office.makeDue(request.id);
    await office.carryOut();
    expect((await office.get(request.id)).receipt).toMatchObject({ kept: { interaction_history: 1 } });
    expect(await findAnywhere(db, office.tenant.id, 'cust-a')).toEqual([{ table: 'interaction_history', rows: 1 }]);
  });
});
