// A blob that was never finished has no key: an erasure finds it in the folder itself.
import { readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, it, vi } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { addSubject, type Office, openOffice } from './testing/index.ts';

const db = await testDatabase();

const unfinished = async ({ folder }: Office) =>
  (await readdir(folder, { recursive: true }))
    .filter((path) => path.endsWith('.tmp'))
    .map((path) => join(folder, path));

async function erase(office: Office) {
  const { id } = await office.ask('cust-tmp', 'erase', { acceptEmpty: true });
  await office.makeDue(id);
  expect(await office.carryOut()).toMatchObject({ counts: { dsarCompleted: 1 }, errors: [] });
  return office.get(id);
}

it('an erasure deletes what was written an hour ago and never finished, and nothing that may have a writer', async () => {
  const office = await openOffice(db, 'unfinished');
  await addSubject(db, office, { customerId: 'cust-tmp' });
  const body = new Readable({ read() {} });
  body.push('said of cust-tmp');
  const put = office.blobs.putStream(`exports/${office.tenant.id}/interaction_history/batch-1.json`, body);
  const failed = expect(put).rejects.toThrow('its writer died');
  await vi.waitFor(async () => expect(await unfinished(office)).toHaveLength(1), { timeout: 30_000 });
  const [path] = await unfinished(office);
  const { receipt } = await erase(office);
  expect(receipt).toMatchObject({ outside: expect.arrayContaining([expect.stringContaining('left unfinished')]) });
  expect(await unfinished(office)).toEqual([path]);
  await utimes(path!, new Date(), new Date(Date.now() - 3_660_000));
  await erase(office);
  expect(await unfinished(office)).toEqual([]);
  body.destroy(new Error('its writer died'));
  await failed;
});

it('an erasure is carried out where the store does not say what is unfinished', async () => {
  const office = await openOffice(db, 'unsaid');
  await addSubject(db, office, { customerId: 'cust-tmp' });
  const { id } = await office.ask('cust-tmp');
  await office.makeDue(id);
  const blobs = { ...office.blobs, sweepUnfinished: () => Promise.reject(new Error('AccessDenied')) };
  expect(await office.carryOut({ blobs })).toMatchObject({ counts: { dsarCompleted: 1 }, errors: [] });
});
