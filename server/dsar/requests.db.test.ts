// When a request is carried out, what may follow, and that its end cannot be changed.
import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { SetRequestDueDaysInput, setRequestDueDays } from '#server/retention/index.ts';
import { runRequest } from './change-requests.ts';
import { addSubject, depsOf, openOffice } from './testing/index.ts';

const db = await testDatabase();

describe('requests', () => {
  it('are carried out by the cleanup from two days before they are due, and refused for nobody and twice', async () => {
    const office = await openOffice(db, 'due');
    await expect(office.ask('nobody-here')).rejects.toMatchObject({ code: 'DSAR_SUBJECT_NOT_FOUND' });
    await addSubject(db, office, { customerId: 'cust-due' });
    const request = await office.ask('cust-due');
    expect(Math.round((Date.parse(request.dueAt) - Date.parse(request.createdAt)) / 1_000)).toBe(30 * 86_400);
    await expect(office.ask('cust-due')).rejects.toMatchObject({ code: 'DSAR_OPEN' });
    await expect(office.ask('cust-due', 'access', { dueAt: '2020-01-01T00:00:00Z' })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
    });
    expect((await office.carryOut()).counts).toMatchObject({ dsarCompleted: 0 });
    await db.owner`update dsar_requests set due_at = now() + interval '49 hours' where id = ${request.id}`;
    expect((await office.carryOut()).counts).toMatchObject({ dsarCompleted: 0 });
    await db.owner`update dsar_requests set due_at = now() + interval '47 hours' where id = ${request.id}`;
    expect((await office.carryOut()).counts).toMatchObject({ dsarCompleted: 1 });
    const empty = await office.ask('nobody-here', 'erase', { acceptEmpty: true });
    await office.makeDue(empty.id);
    await office.carryOut();
    expect(await office.get(empty.id)).toMatchObject({
      state: 'completed',
      counts: {},
      receiptNo: 2,
      previousHash: (await office.get(request.id)).hash,
    });
  });

  it('that are asked for two hundred times wait for one run', async () => {
    const office = await openOffice(db, 'eager');
    const ids = await Promise.all(
      ['one', 'two'].map(async (name) => (await office.ask(name, 'erase', { acceptEmpty: true })).id),
    );
    const waiting = () => db.owner`select job, params from cron_requests`;
    await runRequest(office.ctx, { id: ids[0]! });
    await Promise.all(Array.from({ length: 199 }, (_, n) => runRequest(office.ctx, { id: ids[n % 2]! })));
    expect(await waiting()).toEqual([{ job: 'cleanup', params: { dsar: '1' } }]);
    // A run of another kind does not do for it.
    await db.owner`update cron_requests set params = '{}'`;
    await runRequest(office.ctx, { id: ids[0]! });
    expect(await waiting()).toHaveLength(2);
  });

  it('are due in as many days as the tenant has set, when they name no date', async () => {
    const [office, other] = [await openOffice(db, 'own-days'), await openOffice(db, 'usual-days')];
    const dueDays = async (of: typeof office, customerId: string) => {
      const { dueAt, createdAt } = await of.ask(customerId, 'erase', { acceptEmpty: true });
      return Math.round((Date.parse(dueAt) - Date.parse(createdAt)) / 86_400_000);
    };
    const before = await office.ask('asked-before', 'erase', { acceptEmpty: true });
    const set = (requestDueDays: number) => setRequestDueDays(office.ctx, { requestDueDays });
    expect(await set(21)).toMatchObject({ requestDueDays: 21 });
    expect(await dueDays(office, 'asked-after')).toBe(21);
    expect(await dueDays(other, 'asked-elsewhere')).toBe(30);
    expect((await office.get(before.id)).dueAt).toBe(before.dueAt);
    expect(await set(45)).toMatchObject({ requestDueDays: 45 });
    const audits =
      await db.owner`select from audit_log where tenant_id = ${office.tenant.id} and action = 'retention.due'`;
    expect(audits).toHaveLength(2);
    for (const days of [0, 46, 1.5])
      expect(SetRequestDueDaysInput.safeParse({ requestDueDays: days }).success).toBe(false);
    await expect(db.owner`update retention_settings set request_due_days = 46`).rejects.toThrow('check constraint');
  });

  it('that are completed cannot be changed, not even by the tables’ owner', async () => {
    const office = await openOffice(db, 'sealed');
    const request = await office.ask('cust-x', 'erase', { acceptEmpty: true });
    await office.makeDue(request.id);
    await office.carryOut();
    await expect(db.owner`update dsar_requests set receipt = '{}' where id = ${request.id}`).rejects.toThrow('receipt');
    await expect(db.owner`update dsar_requests set customer_id = 'y' where id = ${request.id}`).rejects.toThrow(
      'receipt',
    );
    await expect(
      db.owner`update dsar_requests set state = 'waiting', hash = null where id = ${request.id}`,
    ).rejects.toThrow();
  });

  it('that fail say why without the subject’s name, and are taken up by the next cleanup', async () => {
    const office = await openOffice(db, 'failing');
    await addSubject(db, office, { customerId: 'cust-fail' });
    const request = await office.ask('cust-fail');
    await office.makeDue(request.id);
    const broken = { ...office.blobs, delete: () => Promise.reject(new Error('no way to reach cust-fail')) };
    const { errors } = await office.carryOut({ ...depsOf(db, broken) });
    expect(errors).toEqual([expect.stringContaining('no way to reach [erased]')]);
    expect(await office.get(request.id)).toMatchObject({
      state: 'failed',
      attempts: 1,
      error: expect.stringContaining('[erased]'),
    });
    expect((await office.carryOut()).counts).toMatchObject({ dsarCompleted: 1 });
    expect((await office.get(request.id)).counts).toMatchObject({ blobs: 1, interaction_history: 1 });
  });
});
