// Data requests under the real lease of the cleanup: who has lost it commits nothing more.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { openFolderStore, type ReadableBlobStore } from '#server/files/index.ts';
import { createLogger } from '#server/lib/index.ts';
import { createTenant, type Tenant } from '#server/tenancy/index.ts';
import { runJob, UNCONFIGURED_JOBS } from '../index.ts';

const db = await testDatabase();
const log = createLogger({ level: 'silent', tier: 'test' });
const store = openFolderStore(await mkdtemp(join(tmpdir(), 'requests-')));

const clean = (processId: string, blobs: ReadableBlobStore) =>
  // The lease is not renewed while a test goes on: it ends one by hand.
  runJob({ pool: db.worker, log, processId, leaseMs: 3_600_000, config: { ...UNCONFIGURED_JOBS, blobs } }, 'cleanup', {
    trigger: 'http',
    params: { dsar: '1' },
  });

/** A store in which deleting a blob waits for the test: between two transactions of an erasure. */
function stopping() {
  const [reached, opened] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const blobs: ReadableBlobStore = {
    ...store,
    async delete(key) {
      reached.resolve();
      await opened.promise;
      return store.delete(key);
    },
  };
  return { blobs, reached: reached.promise, open: opened.resolve };
}

async function addErasure(tenant: Tenant, customerId: string): Promise<string> {
  const location = `attachments/${tenant.id}/${customerId}`;
  await store.put(location, `said by ${customerId}`);
  await db.owner.begin(async (tx) => {
    const [row] = await tx<{ id: string }[]>`
      insert into interaction_history (tenant_id, customer_id, offer_id, channel, interaction_type)
      values (${tenant.id}, ${customerId}, 'o', 'web', 'impression') returning id`;
    await tx`insert into ai_attachments (tenant_id, id, interaction_id, customer_id, name, content_type, size_bytes, sha256, location)
      values (${tenant.id}, ms_uuid(), ${row!.id}, ${customerId}, 'n', 'text/plain', 1, '', ${location})`;
  });
  const [request] = await db.owner<{ id: string }[]>`
    insert into dsar_requests (tenant_id, kind, subject_hash, customer_id, due_at, created_by, run_requested_at)
    values (${tenant.id}, 'erase', ${customerId}, ${customerId}, now() + interval '30 days', 'test', now()) returning id`;
  return request!.id;
}

/** All that an erasure commits. */
const committed = async () => {
  const [one] = await db.owner<{ requests: string; notes: string; audit: string; rows: string }[]>`
    select (select coalesce(string_agg(r::text, ' ' order by id), '') from dsar_requests r) as requests,
      (select coalesce(string_agg(b::text, ' ' order by location), '') from retention_blobs b) as notes,
      (select coalesce(string_agg(action, ' ' order by id), '') from audit_log) as audit,
      (select count(*)::text from interaction_history) as rows`;
  return one!;
};
const endsOf = async () =>
  (await db.owner`select process_id as process, outcome from cron_runs where job = 'cleanup' order by started_at`).map(
    (row) => `${row.process} ${row.outcome}`,
  );

it('an erasure whose lease another process has taken over commits nothing more, and that one finishes it', async () => {
  const tenant = await createTenant(db.owner, { slug: 'leased', name: 'Leased' });
  const id = await addErasure(tenant, 'cust-lease');
  const [stale, next] = [stopping(), stopping()];
  const staleRun = clean('stale', stale.blobs);
  await stale.reached;
  // It hung for longer than its lease lasts.
  await db.owner`update cron_runs set lease_until = now() - interval '1 second' where process_id = 'stale'`;
  const nextRun = clean('next', next.blobs);
  await next.reached;
  const before = await committed();
  stale.open();
  await staleRun;
  expect(await committed()).toEqual(before);
  expect(await endsOf()).toEqual(['stale abandoned', 'next running']);
  next.open();
  expect(await nextRun).toMatchObject({ outcome: 'succeeded', body: { deleted: { dsarCompleted: 1 } } });
  const [done] = await db.owner`select state, counts, customer_id, attempts from dsar_requests where id = ${id}`;
  expect(done).toMatchObject({ state: 'completed', customer_id: null, attempts: 2 });
  expect(done!.counts).toEqual({ interaction_history: 1, ai_attachments: 1, blobs: 1 });
  expect((await committed()).audit.split(' ').filter((action) => action.startsWith('dsar.'))).toEqual([
    'dsar.complete',
  ]);
  expect(await endsOf()).toEqual(['stale abandoned', 'next succeeded']);
});

it('requests of all tenants are carried out by one run, and a second run is told that the first is at it', async () => {
  const ids = [];
  for (const slug of ['one', 'two'])
    ids.push(await addErasure(await createTenant(db.owner, { slug, name: slug }), `cust-${slug}`));
  const first = stopping();
  const running = clean('first', first.blobs);
  await first.reached;
  expect(await clean('second', store)).toMatchObject({ outcome: 'skipped', body: { skipped: 'running' } });
  first.open();
  expect(await running).toMatchObject({ outcome: 'succeeded', body: { deleted: { dsarCompleted: 2 } } });
  const states = await db.owner<{ state: string }[]>`select state from dsar_requests where id = any(${ids})`;
  expect(states.map(({ state }) => state)).toEqual(['completed', 'completed']);
});
