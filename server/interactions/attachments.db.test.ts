import { createHash } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { hasS3Server, startS3Server } from '#db/testing/s3-server.ts';
import { type BlobStore, openFolderStore, openS3Store } from '#server/files/index.ts';
import { makeKey, openWeb } from '#server/http/testing/index.ts';
import { createLogger, transaction } from '#server/lib/index.ts';
import { createTenant, type Tenant } from '#server/tenancy/index.ts';
import { saveAttachments, storeAttachments } from './attachments.ts';
import { keepAttachmentsIn, sweepOrphanBlobs } from './index.ts';

const db = await testDatabase();
const web = await openWeb(db);
const log = createLogger({ level: 'silent', tier: 'test' });
let tenant: Tenant;
let tenantId: string;
let key: string;
let folder: string;
let blobs: BlobStore;

beforeAll(async () => {
  // Something that the outbox's table refuses although it came in: nothing of the caller's making is left that it would.
  await db.owner`alter table outbox_events add constraint unwanted_text check (position('unwanted' in payload::text) = 0)`;
  tenant = await createTenant(db.owner, { slug: 'acme', name: 'Acme' });
  tenantId = tenant.id;
  key = await makeKey(db, tenant);
});
beforeEach(async () => {
  await db.owner`truncate ai_attachments, attachment_blobs, interaction_history, outbox_events, idempotency_keys`;
  folder = await mkdtemp(join(tmpdir(), 'mainspring-blobs-'));
  blobs = openFolderStore(folder);
  keepAttachmentsIn(blobs);
});
afterAll(() => keepAttachmentsIn(null));

const interaction = { customerId: 'c1', offerId: 'o1', channel: 'web', interactionType: 'impression' };
const attachment = (text: string, name = 'note.txt') => ({
  ...{ name, contentType: 'text/plain' },
  contentBase64: Buffer.from(text).toString('base64'),
});
async function respond(body: Record<string, unknown>, headers: Record<string, string> = {}) {
  const answer = await web.fetch('/api/v1/respond', {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ ...interaction, ...body }),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, string> };
}
const done = (deleted: number) => ({ deleted, isUnfinished: false });
const sweep = (store: BlobStore = blobs, isOver = () => false) =>
  sweepOrphanBlobs({ pool: db.worker, log, blobs: store }, tenantId, isOver);
const anHourLater = () => db.owner`update attachment_blobs set written_at = written_at - interval '61 minutes',
  swept_at = swept_at - interval '61 minutes'`;
const blobsIn = async (dir: string) =>
  (await readdir(dir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
const counts = async () =>
  (
    await db.owner`select (select count(*)::int from interaction_history) as interactions,
      (select count(*)::int from ai_attachments) as attachments, (select count(*)::int from outbox_events) as events`
  )[0];

describe('attachments of an interaction', () => {
  it('are stored as rows and blobs, and the event names them', async () => {
    const { status, body } = await respond({ attachments: [attachment('one'), attachment('zwei', 'two.txt')] });
    expect(status).toBe(201);
    const rows = await db.owner`select * from ai_attachments order by name`;
    expect(rows).toMatchObject([
      {
        ...{ interaction_id: body.interactionId, customer_id: 'c1', name: 'note.txt', content_type: 'text/plain' },
        ...{ size_bytes: '3', sha256: createHash('sha256').update('one').digest('hex') },
      },
      { name: 'two.txt', size_bytes: '4' },
    ]);
    expect(await readFile(join(folder, String(rows[1]?.location)), 'utf8')).toBe('zwei');
    const [event] = await db.owner<{ payload: { attachmentIds: string[] } }[]>`select payload from outbox_events`;
    expect([...event!.payload.attachmentIds].sort()).toEqual(rows.map((row) => String(row.id)).sort());
    expect(await db.owner`select from attachment_blobs`).toHaveLength(0);
  });

  it.each([
    ['too many bytes', [attachment('x'.repeat(400_000)), attachment('y'.repeat(300_001))], '700000 bytes'],
    ['no base64', [{ name: 'a', contentType: 'text/plain', contentBase64: '***' }], 'attachments.0.contentBase64'],
    ['no media type', [{ ...attachment('a'), contentType: 'text' }], 'media type'],
    ['more than ten', Array.from({ length: 11 }, () => attachment('a')), 'attachments'],
  ])('are refused with %s, and nothing is written', async (_, attachments, message) => {
    const { status, body } = await respond({ attachments });
    expect([status, body.code]).toEqual([400, 'INPUT_INVALID']);
    expect(body.message).toContain(message);
    expect(await blobsIn(folder)).toEqual([]);
    expect(await counts()).toEqual({ interactions: 0, attachments: 0, events: 0 });
  });

  it('leave an orphan when the transaction fails, which the sweep deletes after an hour and not before', async () => {
    const { status, body } = await respond({ attachments: [attachment('lost')], context: { text: 'unwanted' } });
    expect([status, body.code]).toEqual([500, 'OUTBOX_EVENT_REFUSED']);
    expect(await counts()).toEqual({ interactions: 0, attachments: 0, events: 0 });
    expect(await blobsIn(folder)).toHaveLength(1);
    expect((await respond({ attachments: [attachment('kept')] })).status).toBe(201);
    expect(await sweep()).toEqual(done(0));
    await anHourLater();
    expect(await sweep()).toEqual(done(1));
    expect(await sweep()).toEqual(done(0));
    const [left] = await blobsIn(folder);
    expect(await readFile(join(left!.parentPath, left!.name), 'utf8')).toBe('kept');
  });

  it('of a request that is repeated with its key are written and stored once', async () => {
    const send = () => respond({ attachments: [attachment('once')] }, { 'idempotency-key': 'k1' });
    const first = await send();
    expect(first.status).toBe(201);
    expect(await send()).toEqual(first);
    keepAttachmentsIn(null);
    expect(await send()).toEqual(first);
    expect(await counts()).toEqual({ interactions: 1, attachments: 1, events: 1 });
    expect(await blobsIn(folder)).toHaveLength(1);
  });

  it.each([
    ['that was used with another request', 'k2', 409, 'IDEMPOTENCY_KEY_REUSED'],
    ['that is too long', 'k'.repeat(201), 400, 'INPUT_INVALID'],
  ])('of a request with a key %s are not written', async (_, idempotencyKey, status, code) => {
    await respond({}, { 'idempotency-key': 'k2' });
    const refused = await respond({ attachments: [attachment('other')] }, { 'idempotency-key': idempotencyKey });
    expect([refused.status, refused.body.code]).toEqual([status, code]);
    expect(await blobsIn(folder)).toEqual([]);
  });

  it('of five requests at once with one key are stored once, and what the others wrote is an orphan', async () => {
    const send = () => respond({ attachments: [attachment('at once')] }, { 'idempotency-key': 'k3' });
    const [first, ...others] = await Promise.all(Array.from({ length: 5 }, send));
    expect(first?.status).toBe(201);
    for (const other of others) expect(other).toEqual(first);
    expect(await counts()).toEqual({ interactions: 1, attachments: 1, events: 1 });
    await anHourLater();
    const written = (await blobsIn(folder)).length;
    expect(await sweep()).toEqual(done(written - 1));
  });

  it('are refused with 503 when the store does not take them, and nothing is recorded', async () => {
    // A file stands where the folder would be, which stops root too.
    await rm(folder, { recursive: true });
    await writeFile(folder, '');
    await chmod(folder, 0o400);
    const { status, body } = await respond({ attachments: [attachment('a')] });
    expect([status, body.code]).toEqual([503, 'ATTACHMENT_STORE_UNAVAILABLE']);
    expect(await counts()).toEqual({ interactions: 0, attachments: 0, events: 0 });
    expect((await respond({})).status).toBe(201);
  });

  it('cannot be stored any more once the sweep has taken their blob', async () => {
    const stored = await storeAttachments({ pool: db.app, tenant, log }, [attachment('slow')]);
    await anHourLater();
    expect(await sweep()).toEqual(done(1));
    const owner = { tenantId, interactionId: stored[0]!.id, customerId: 'c1' };
    await expect(transaction(db.app, { tenantId }, (tx) => saveAttachments(tx, owner, stored))).rejects.toMatchObject({
      code: 'ATTACHMENT_STORE_UNAVAILABLE',
    });
  });
});

describe('the sweep of orphans', () => {
  const announce = (count: number) =>
    db.owner`insert into attachment_blobs (tenant_id, location, written_at)
      select ${tenantId}, 'attachments/' || lpad(n::text, 5, '0'), now() - interval '61 minutes' from generate_series(1, ${count}) n`;
  const left = async () => (await db.owner`select from attachment_blobs`).length;
  /** A store that never gives up the first so many, which come first by their name too. */
  const keeping = (stuck: number) => {
    const asked: number[] = [];
    const store: BlobStore = {
      ...blobs,
      async delete(location) {
        const n = Number(location.split('/').at(-1));
        asked.push(n);
        if (n <= stuck) throw new Error('kept by the store');
        return 'deleted';
      },
    };
    return { store, asked };
  };

  it('goes on until none is left, past however many cannot be deleted, and tries each once', async () => {
    await announce(1_600);
    const { store, asked } = keeping(600);
    expect(await sweep(store)).toEqual(done(1_000));
    expect([asked.length, new Set(asked).size, await left()]).toEqual([1_600, 1_600, 600]);
  });

  it('ends when its time is over, and the next one begins with what was not tried', async () => {
    await announce(5);
    const { store, asked } = keeping(2);
    const one = async () => {
      await anHourLater();
      return sweep(store, () => true);
    };
    for (let n = 0; n < 5; n += 1) await one();
    expect([asked.toSorted(), await left()]).toEqual([[1, 2, 3, 4, 5], 2]);
    // Those that are stuck take turns.
    expect([await one(), await one()]).toEqual(Array(2).fill({ deleted: 0, isUnfinished: true }));
    expect(asked.slice(5).toSorted()).toEqual([1, 2]);
  });
});

describe.skipIf(!hasS3Server())('attachments in a bucket', () => {
  it('are written, and their orphans deleted, on a real S3 server', async () => {
    const s3 = await startS3Server();
    try {
      const store = openS3Store(s3);
      keepAttachmentsIn(store);
      expect((await respond({ attachments: [attachment('in the bucket')] })).status).toBe(201);
      const [row] = await db.owner<{ location: string }[]>`select location from ai_attachments`;
      expect((await respond({ attachments: [attachment('lost')], context: { text: 'unwanted' } })).status).toBe(500);
      await anHourLater();
      expect(await sweep(store)).toEqual(done(1));
      // Of the two only the stored one is still there.
      expect(await store.delete(row!.location)).toBe('deleted');
      expect(await store.delete(row!.location)).toBe('missing');
      await s3.stop();
      const { status, body } = await respond({ attachments: [attachment('nowhere')] });
      expect([status, body.code]).toEqual([503, 'ATTACHMENT_STORE_UNAVAILABLE']);
    } finally {
      await s3.stop();
    }
  });
});
