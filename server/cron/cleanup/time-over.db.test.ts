// A cleanup that has more to delete than time for it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { openFolderStore } from '#server/files/index.ts';
import { createLogger } from '#server/lib/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { runJob, UNCONFIGURED_JOBS } from '../index.ts';

const db = await testDatabase();
const log = createLogger({ level: 'silent', tier: 'test' });
const folder = await mkdtemp(join(tmpdir(), 'cleanup-time-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const cleanUp = (pruneMs: number) => {
  const cleanup = { ...UNCONFIGURED_JOBS.cleanup, pruneMs };
  const config = { ...UNCONFIGURED_JOBS, blobs: openFolderStore(folder), cleanup };
  return runJob({ pool: db.worker, log, processId: 'test', config }, 'cleanup', { trigger: 'http' });
};
const keysOf = async (tenantId: string) =>
  (await db.owner`select from idempotency_keys where tenant_id = ${tenantId}`).length;

it('deletes a stretch of each kind, carries out what is due, and says what is left to the next', async () => {
  const acme = await createTenant(db.owner, { slug: 'acme', name: 'Acme' });
  const blue = await createTenant(db.owner, { slug: 'blue', name: 'Blue' });
  const addKeys = (tenantId: string, count: number) => db.owner`
    insert into idempotency_keys (tenant_id, operation, key, request_hash, created_at)
    select ${tenantId}, 'test', 'k' || n, '', now() - interval '60 days' from generate_series(1, ${count}) n`;
  await addKeys(acme.id, 10_005);
  await addKeys(blue.id, 3);
  await db.owner`insert into attachment_blobs (tenant_id, location, written_at)
    select ${acme.id}, 'attachments/' || n, now() - interval '2 hours' from generate_series(1, 3) n`;
  const [request] = await db.owner<{ id: string }[]>`
    insert into dsar_requests (tenant_id, kind, subject_hash, customer_id, due_at, created_by)
    values (${blue.id}, 'erase', 'h', 'cust', now(), 'test') returning id`;

  const { status, outcome, body } = await cleanUp(0);
  expect([status, outcome]).toEqual([200, 'partial']);
  expect(body).toMatchObject({ ok: true, deleted: { idempotencyKeys: 10_000, orphanBlobs: 1, dsarCompleted: 1 } });
  expect(body.errors).toEqual([
    {
      tenantId: acme.id,
      tenant: 'acme',
      message: 'idempotencyKeys: its share of the time was over; the next run goes on',
    },
    {
      tenantId: acme.id,
      tenant: 'acme',
      message: 'orphanBlobs: its share of the time was over; the next run goes on',
    },
    {
      tenantId: blue.id,
      tenant: 'blue',
      message: 'the time of this run was over before anything was deleted by its age',
    },
  ]);
  expect([await keysOf(acme.id), await keysOf(blue.id)]).toEqual([5, 3]);
  expect(await db.owner`select state from dsar_requests where id = ${request!.id}`).toEqual([{ state: 'completed' }]);

  expect(await cleanUp(480_000)).toMatchObject({
    outcome: 'succeeded',
    body: { deleted: { idempotencyKeys: 8, orphanBlobs: 2 } },
  });
});
