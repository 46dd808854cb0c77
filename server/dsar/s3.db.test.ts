// The same over a bucket: attachments and bundles are objects, and exported files are rewritten as a whole.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { hasS3Server, type S3Server, startS3Server } from '#db/testing/s3-server.ts';
import { openS3Store } from '#server/files/index.ts';
import { addSubject, findAnywhere, findInBlobs, isBlobThere, openOffice, readBundle } from './testing/index.ts';

const isThere = hasS3Server();
const db = await testDatabase();
let s3: S3Server;
beforeAll(async () => {
  if (isThere) s3 = await startS3Server();
});
afterAll(() => s3?.stop());

describe.skipIf(!isThere)('with blobs in a bucket', () => {
  it('an access request and then an erasure do as with a folder', async () => {
    const office = await openOffice(db, 'bucket', openS3Store(s3));
    const { blobs, tenant } = office;
    const [location] = await addSubject(db, office, { customerId: 'in-bucket-1' });
    const key = `exports/${tenant.id}/interaction_history/year=2026/month=01/day=01/batch-1.json`;
    await blobs.put(key, '{"customerId":"in-bucket-1"}\n{"customerId":"in-bucket-2","n":12345678901234567890}\n');
    const access = await office.ask('in-bucket-1', 'access');
    expect(await office.carryOut()).toMatchObject({ counts: { dsarCompleted: 1 }, errors: [] });
    const bundle = (await readBundle(db, office, access.id))!;
    expect((await office.get(access.id)).bundle).toMatchObject({ sizeBytes: bundle.length });
    const erase = await office.ask('in-bucket-1');
    await office.makeDue(erase.id);
    expect(await office.carryOut()).toMatchObject({ counts: { dsarCompleted: 1 }, errors: [] });
    expect(await findAnywhere(db, tenant.id, 'in-bucket-1')).toEqual([]);
    const folders = ['exports', 'attachments', 'dsar'].map((name) => `${name}/${tenant.id}`);
    expect(await findInBlobs(blobs, folders, 'in-bucket-1')).toEqual([]);
    expect(await isBlobThere(blobs, location!)).toBe(false);
    const left = Buffer.concat(await (await blobs.read(key))!.toArray()).toString('utf8');
    expect(left).toBe('{"customerId":"in-bucket-2","n":12345678901234567890}\n');
  }, 120_000);
});
