// No file of a bundle outlives its row, whatever becomes of the process that writes it.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { cancelRequest } from './change-requests.ts';
import { downloadBundle, readBundlesFrom } from './download.ts';
import { addSubject, type Office, openOffice, readBundle } from './testing/index.ts';

const db = await testDatabase();
async function filesOf({ blobs, tenant }: Office): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of blobs.list(`dsar/${tenant.id}`)) keys.push(key);
  return keys;
}
const atBundled = (act: () => void) => ({ failPoint: (name: string) => (name === 'dsar.bundled' ? act() : undefined) });
const fail = () => {
  throw new Error('the database went away');
};

describe('the file of a bundle', () => {
  it('whose request fails after it was stored is deleted, and never given out', async () => {
    const office = await openOffice(db, 'no-row');
    readBundlesFrom(office.blobs);
    await addSubject(db, office, { customerId: 'cust-given' });
    const { id } = await office.ask('cust-given', 'access');
    let stored: string[] = [];
    const failing = atBundled(() => {
      stored = readdirSync(join(office.folder, 'dsar', office.tenant.id));
      fail();
    });
    expect((await office.carryOut(failing)).errors).toHaveLength(1);
    expect(stored).toHaveLength(1);
    expect(await filesOf(office)).toEqual([]);
    expect(await office.get(id)).toMatchObject({ state: 'failed', bundle: null });
    await expect(downloadBundle(office.ctx, { id })).rejects.toMatchObject({ code: 'DSAR_BUNDLE_GONE' });
  });

  it('that was left by a process that died is deleted when its request is cancelled, or carried out again', async () => {
    const office = await openOffice(db, 'left');
    await addSubject(db, office, { customerId: 'cust-given' });
    const { id } = await office.ask('cust-given', 'access');
    await office.carryOut(atBundled(fail));
    const location = await locationOf(id);
    // As after a death: the file is there, and the request says that it is under way.
    await office.blobs.put(location, 'all of cust-given');
    await db.owner`update dsar_requests set state = 'running' where id = ${id}`;
    await office.carryOut({ isOver: () => true });
    await db.owner`update dsar_requests set state = 'failed' where id = ${id}`;
    await cancelRequest(office.ctx, { id, reason: 'withdrawn' });
    await office.carryOut();
    expect(await filesOf(office)).toEqual([]);
  });

  it('is replaced by no process whose lease was lost, and one that comes after the erasure goes again', async () => {
    const office = await openOffice(db, 'zombie');
    await addSubject(db, office, { customerId: 'cust-given' });
    const access = await office.ask('cust-given', 'access');
    await office.carryOut(atBundled(fail));
    const late = await locationOf(access.id);
    await office.carryOut();
    const { bundle } = await office.get(access.id);
    await office.blobs.put(late, 'of an attempt that was given up');
    expect(await readBundle(db, office, access.id)).toHaveLength(bundle!.sizeBytes);
    await office.carryOut();
    expect(await filesOf(office)).toEqual([await locationOf(access.id)]);
    const erase = await office.ask('cust-given');
    await office.makeDue(erase.id);
    expect((await office.carryOut()).counts).toMatchObject({ dsarCompleted: 1 });
    expect(await filesOf(office)).toEqual([]);
    await office.blobs.put(late, 'all of cust-given');
    await office.carryOut();
    expect(await filesOf(office)).toEqual([]);
  });
});

async function locationOf(id: string): Promise<string> {
  const [row] = await db.owner<{ location: string }[]>`select location from dsar_bundles where request_id = ${id}`;
  return row!.location;
}
