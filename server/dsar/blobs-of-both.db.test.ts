// An erasure that could not delete its blobs yet, and a purge that comes in between: both note theirs in one table.
import { expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { addRows, runPurge } from '#server/retention/testing/index.ts';
import { addSubject, isBlobThere, openOffice } from './testing/index.ts';

const db = await testDatabase();

it('a purge leaves an erasure its blobs, and each receipt counts its own', async () => {
  const office = await openOffice(db, 'both');
  const { tenant, blobs } = office;
  const erased = await addSubject(db, office, { customerId: 'cust-erased', count: 3 });
  const { id } = await office.ask('cust-erased');
  await office.makeDue(id);
  const away = { ...blobs, delete: () => Promise.reject(new Error('the store is away')) };
  expect(await office.carryOut({ blobs: away })).toMatchObject({ counts: { dsarCompleted: 0 } });
  const notes = await db.owner`select location from retention_blobs where purge_id = ${id} order by location`;
  expect(notes.map(({ location }) => location)).toEqual([...erased].sort());

  const place = `attachments/${tenant.id}/aged`;
  await addRows(db, tenant, { customerId: 'cust-aged', ageDays: 40, count: 2, location: place });
  for (const n of [1, 2]) await blobs.put(`${place}/${n}`, 'aged');
  await db.owner`insert into retention_policies (tenant_id, data_class, retention_days, updated_by)
    values (${tenant.id}, 'ai_attachments', 30, 'test')`;
  const { perTenant } = await runPurge(db, { tenant: 'both' }, { deleteBlob: blobs.delete });
  expect(perTenant).toMatchObject([{ aiAttachments: 2, blobsDeleted: 2, errors: [] }]);
  for (const key of erased) expect(await isBlobThere(blobs, key)).toBe(true);

  expect(await office.carryOut()).toMatchObject({ counts: { dsarCompleted: 1 }, errors: [] });
  expect((await office.get(id)).counts).toMatchObject({ ai_attachments: 3, blobs: 3 });
  for (const key of [...erased, `${place}/1`, `${place}/2`]) expect(await isBlobThere(blobs, key)).toBe(false);
  expect(await db.owner`select from retention_blobs where tenant_id = ${tenant.id}`).toHaveLength(0);
});
