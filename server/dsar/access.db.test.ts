import { createHash, randomBytes } from 'node:crypto';
import { BlobReader, configure, TextWriter, ZipReader } from '@zip.js/zip.js';
import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { placeHold } from '#server/retention/index.ts';
import { downloadBundle, downloadByLink, makeLink, readBundlesFrom } from './download.ts';
import { addSubject, log, type Office, openOffice, readBundle } from './testing/index.ts';

const db = await testDatabase();
configure({ useWebWorkers: false });

const bytesOf = (office: Office, id: string) => readBundle(db, office, id);
async function unzip(bytes: Buffer): Promise<Map<string, string>> {
  const entries = await new ZipReader(new BlobReader(new Blob([new Uint8Array(bytes)]))).getEntries();
  const files = new Map<string, string>();
  for (const entry of entries) if (!entry.directory) files.set(entry.filename, await entry.getData(new TextWriter()));
  return files;
}
const sha256 = (text: string | Buffer) => createHash('sha256').update(text).digest('hex');
const linkDeps = { pool: db.app, log, requestId: 'test' };
const idAndToken = (path: string) => {
  const [, id = '', token = ''] = /^\/api\/v1\/dsar\/([^/]+)\/download\?token=(.+)$/.exec(path) ?? [];
  return { id, token };
};

describe('an access request', () => {
  it('gives all of the subject and nothing of others, with a manifest that proves it, whatever is on hold', async () => {
    const office = await openOffice(db, 'access');
    await addSubject(db, office, { customerId: 'given-1', count: 60 });
    await addSubject(db, office, { customerId: 'given-11', count: 2 });
    await placeHold(office.ctx, { kind: 'subject', customerId: 'given-1', reason: 'a matter', acceptEmpty: false });
    // Records of others that name the subject are theirs: whoever has the link would read of them.
    const [mine, theirs] = ['{"customer_id": "given-1", "n": 1}', '{"customer_id": "friend-9", "by": "given-1"}'];
    for (const payload of [mine, theirs])
      await db.owner`insert into dlq_entries (tenant_id, pipeline_id, run_id, version, node_id, rule, error_kind, message, payload, row_key)
        values (${office.tenant.id}, ms_uuid(), ms_uuid(), 1, 'n', 'r', 'rule', 'of given-1', ${payload}::text::jsonb, '{"id": 1}')`;
    for (const key of ['friend-9', 'given-1'])
      await db.owner`insert into testing.events (tenant_id, type, key, payload)
        values (${office.tenant.id}, 't', ${key}, ${JSON.stringify({ secret: key, of: 'given-1' })}::text::jsonb)`;
    const request = await office.ask('given-1', 'access');
    expect(await office.carryOut()).toMatchObject({ counts: { dsarCompleted: 1 }, errors: [] });
    const done = await office.get(request.id);
    const bytes = (await bytesOf(office, request.id))!;
    expect(done.bundle).toMatchObject({ sizeBytes: bytes.length, sha256: sha256(bytes), isGone: false, downloads: 0 });
    const files = await unzip(bytes);
    const manifest = JSON.parse(files.get('manifest.json')!) as {
      subject: string;
      files: { name: string; rows?: number; sha256: string }[];
    };
    expect(manifest).toMatchObject({
      subject: 'given-1',
      requestId: request.id,
      missing: [],
      notIncluded: expect.arrayContaining(['audit_log']),
    });
    expect([...files.keys()].sort()).toEqual([...manifest.files.map(({ name }) => name), 'manifest.json'].sort());
    for (const { name, rows, sha256: said } of manifest.files) {
      const text = files.get(name)!;
      expect(sha256(text)).toBe(said);
      expect(text).not.toContain('given-11');
      expect(text).not.toContain('friend-9');
      if (rows !== undefined) expect(text.split('\n').length - 1).toBe(rows);
    }
    const rowsOf = Object.fromEntries(
      manifest.files.flatMap(({ name, rows }) => (rows === undefined ? [] : [[name, rows]])),
    );
    expect(rowsOf).toEqual({
      ...{ 'interaction_history.ndjson': 60, 'interaction_outcomes.ndjson': 60, 'decision_traces.ndjson': 60 },
      ...{
        'ai_attachments.ndjson': 60,
        'outbox_events.ndjson': 61,
        'engagement_scores.ndjson': 1,
        'dlq_entries.ndjson': 1,
      },
    });
    const attachments = [...files].filter(([name]) => name.startsWith('attachments/'));
    expect(attachments).toHaveLength(60);
    expect(new Set(attachments.map(([, text]) => text))).toEqual(new Set(['what given-1 said']));
    const first = JSON.parse(files.get('interaction_history.ndjson')!.split('\n')[0]!) as Record<string, unknown>;
    expect(first).toMatchObject({ customer_id: 'given-1', offer_id: 'o' });
    expect(first).not.toHaveProperty('tenant_id');
    expect(done.receipt).toMatchObject({
      manifestSha256: sha256(files.get('manifest.json')!),
      attachments: 60,
      missingAttachments: 0,
    });
    expect(JSON.stringify(done.receipt)).not.toContain('given-1');
  });

  it('whose store breaks leaves no bundle, and one that is gone is told in the manifest', async () => {
    const office = await openOffice(db, 'breaks');
    const [location] = await addSubject(db, office, { customerId: 'given-2' });
    const request = await office.ask('given-2', 'access');
    const full = { ...office.blobs, putStream: () => Promise.reject(new Error('the disk is full')) };
    expect((await office.carryOut({ blobs: full })).errors).toEqual([expect.stringContaining('the disk is full')]);
    expect(await office.get(request.id)).toMatchObject({ state: 'failed', bundle: null });
    await office.blobs.delete(location!);
    expect((await office.carryOut()).counts).toMatchObject({ dsarCompleted: 1 });
    expect((await office.get(request.id)).receipt).toMatchObject({ attachments: 0, missingAttachments: 1 });
  });

  it('comes before the erasure of the same subject, which takes the bundle with it', async () => {
    const office = await openOffice(db, 'both');
    await addSubject(db, office, { customerId: 'given-3' });
    const [erase, access] = [await office.ask('given-3'), await office.ask('given-3', 'access')];
    await office.makeDue(erase.id);
    expect((await office.carryOut()).counts).toMatchObject({ dsarCompleted: 2 });
    expect(await office.get(access.id)).toMatchObject({ customerId: null, bundle: { isGone: true } });
    expect(await bytesOf(office, access.id)).toBeNull();
  });
});

describe('a bundle', () => {
  it('is had by who may read requests, and by the latest link until it expires; each download is on record', async () => {
    const office = await openOffice(db, 'links');
    readBundlesFrom(office.blobs);
    await addSubject(db, office, { customerId: 'given-4' });
    const request = await office.ask('given-4', 'access');
    await expect(makeLink(office.ctx, { id: request.id })).rejects.toMatchObject({ code: 'DSAR_BUNDLE_GONE' });
    await office.carryOut();
    const bytes = (await bytesOf(office, request.id))!;
    const read = async (download: Promise<{ body: { toArray(): Promise<unknown[]> } }>) =>
      Buffer.concat((await (await download).body.toArray()) as Buffer[]);
    expect((await read(downloadBundle(office.ctx, { id: request.id }))).equals(bytes)).toBe(true);

    const old = idAndToken((await makeLink(office.ctx, { id: request.id })).path);
    const link = await makeLink(office.ctx, { id: request.id });
    expect(Date.parse(link.expiresAt) - Date.now()).toBeGreaterThan(6.9 * 86_400_000);
    const { id, token } = idAndToken(link.path);
    expect((await read(downloadByLink(linkDeps, { id, token }))).equals(bytes)).toBe(true);
    const other = await openOffice(db, 'links-other');
    const [tenantPart, secret] = token.split('.');
    const otherPart = Buffer.from(other.tenant.id.replaceAll('-', ''), 'hex').toString('base64url');
    for (const wrong of [
      ...[old.token, '', '.', tenantPart!, `${tenantPart}.`, `${tenantPart}.${randomBytes(32).toString('base64url')}`],
      ...[`${otherPart}.${secret}`, `${token}x`, `x${token}`, `'.${secret}`],
    ])
      await expect(downloadByLink(linkDeps, { id, token: wrong })).rejects.toMatchObject({ code: 'LINK_INVALID' });
    await expect(downloadByLink(linkDeps, { id: 'x', token })).rejects.toMatchObject({ code: 'LINK_INVALID' });
    await expect(downloadBundle(other.ctx, { id })).rejects.toMatchObject({ code: 'DSAR_NOT_FOUND' });

    const kept = await db.owner<
      { said: string }[]
    >`select b::text as said from dsar_bundles b where request_id = ${id}`;
    expect(kept[0]!.said).not.toContain(secret);
    const downloads = await db.owner<{ actor: string; said: string }[]>`select actor_id as actor, a::text as said
      from audit_log a where tenant_id = ${office.tenant.id} and action = 'dsar.download' order by id`;
    expect(downloads.map(({ actor }) => actor)).toEqual(['system:test', 'system:dsar-link']);
    expect(downloads.map(({ said }) => said).join()).not.toContain('given-4');
    expect((await office.get(id)).bundle).toMatchObject({ downloads: 2 });

    await db.owner`update tenants set status = 'suspended' where id = ${office.tenant.id}`;
    await expect(downloadByLink(linkDeps, { id, token })).rejects.toMatchObject({ code: 'LINK_INVALID' });
    await db.owner`update tenants set status = 'active' where id = ${office.tenant.id}`;
    await db.owner`update dsar_bundles set expires_at = now(), link_expires_at = now() where request_id = ${id}`;
    await expect(downloadByLink(linkDeps, { id, token })).rejects.toMatchObject({ code: 'LINK_INVALID' });
    await expect(downloadBundle(office.ctx, { id })).rejects.toMatchObject({ code: 'DSAR_BUNDLE_GONE' });
    expect((await office.carryOut()).counts).toMatchObject({ dsarBundles: 1 });
    expect(await bytesOf(office, id)).toBeNull();
    expect((await office.get(id)).bundle).toMatchObject({ isGone: true, linkExpiresAt: null });
  });
});
