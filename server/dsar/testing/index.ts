// What the tests of this room are made with: a tenant with a subject in every store, and the job as its runner calls it.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestDatabase } from '#db/testing/index.ts';
import { exportInteractionsJob } from '#server/exports/index.ts';
import { openFolderStore, type ReadableBlobStore } from '#server/files/index.ts';
import { createLogger, newId } from '#server/lib/index.ts';
import { type Ctx, createTenant, type Tenant } from '#server/tenancy/index.ts';
import { type CarriedOut, carryOutRequests } from '../carry-out.ts';
import { createRequest } from '../change-requests.ts';
import type { DsarDeps } from '../deps.ts';
import { getRequest } from '../read-requests.ts';
import type { CreateDsarInput } from '../schemas.ts';

export const log = createLogger({ level: 'silent', tier: 'test' });

export type Office = Awaited<ReturnType<typeof openOffice>>;

/** A tenant called as its admin, with a blob store of its own folder. */
export async function openOffice(db: TestDatabase, slug: string, blobs?: ReadableBlobStore) {
  const tenant = await createTenant(db.owner, { slug, name: slug });
  const folder = await mkdtemp(join(tmpdir(), `dsar-${slug}-`));
  const store = blobs ?? openFolderStore(folder);
  const ctx: Ctx = { pool: db.app, tenant, actor: { kind: 'system', id: 'test' }, requestId: 'test', log };
  return {
    ...{ tenant, ctx, folder, blobs: store },
    ask: (customerId: string, kind: CreateDsarInput['kind'] = 'erase', more: Partial<CreateDsarInput> = {}) =>
      createRequest(ctx, { customerId, kind, note: '', acceptEmpty: false, ...more }),
    get: (id: string) => getRequest(ctx, { id }),
    carryOut: (more: Partial<DsarDeps> = {}): Promise<CarriedOut> =>
      carryOutRequests(depsOf(db, store, more), { ...tenant, isActive: true }),
    /** As the cleanup finds it when it is due. */
    makeDue: (id: string) => db.owner`update dsar_requests set run_requested_at = now() where id = ${id}`,
  };
}

export const depsOf = (db: TestDatabase, blobs: ReadableBlobStore, more: Partial<DsarDeps> = {}): DsarDeps => ({
  ...{ pool: db.worker, log, blobs, signal: new AbortController().signal, publishWaitMs: 0 },
  ...{ fence: async () => {}, failPoint: () => {} },
  ...more,
});

/** Interactions of a customer with trace, attachment, outcome, score and a published event each. */
export async function addSubject(
  db: TestDatabase,
  office: Pick<Office, 'tenant' | 'blobs'>,
  { customerId, count = 1 }: { customerId: string; count?: number },
): Promise<string[]> {
  const locations: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const id = newId();
    const location = `attachments/${office.tenant.id}/${id}`;
    await office.blobs.put(location, `what ${customerId} said`);
    await addOne(db, office.tenant, { customerId, id, location });
    locations.push(location);
  }
  return locations;
}

async function addOne(
  db: TestDatabase,
  tenant: Pick<Tenant, 'id'>,
  { customerId, id, location }: { customerId: string; id: string; location: string },
): Promise<void> {
  await db.owner.begin(async (tx) => {
    await tx`insert into interaction_history (tenant_id, id, customer_id, offer_id, channel, interaction_type)
      values (${tenant.id}, ${id}, ${customerId}, 'o', 'web', 'impression')`;
    await tx`insert into interaction_outcomes (tenant_id, interaction_id, customer_id, outcome)
      values (${tenant.id}, ${id}, ${customerId}, 'accepted')`;
    await tx`insert into decision_traces (tenant_id, interaction_id, customer_id, trace)
      values (${tenant.id}, ${id}, ${customerId}, jsonb_build_object('customerId', ${customerId}::text))`;
    await tx`insert into ai_attachments (tenant_id, id, interaction_id, customer_id, name, content_type, size_bytes, sha256, location)
      values (${tenant.id}, ${id}, ${id}, ${customerId}, ${`of ${customerId}.txt`}, 'text/plain', 1, '', ${location})`;
    await tx`insert into testing.events (tenant_id, type, key, payload, status, published_at)
      values (${tenant.id}, 'interaction.recorded.v1', ${customerId}, jsonb_build_object('customerId', ${customerId}::text), 'published', now())`;
    await tx`insert into engagement_scores (tenant_id, customer_id, score, band, last_interaction_at, interactions_90_days, outcomes, positive_outcomes, computed_at)
      values (${tenant.id}, ${customerId}, 50, 'warm', now(), 1, 1, 1, now()) on conflict do nothing`;
  });
}

/** What the audit log says of the tenant's requests, oldest first. */
export const auditOf = (db: TestDatabase, { tenant }: Pick<Office, 'tenant'>) =>
  db.owner<{ action: string; said: string }[]>`select action, a::text as said from audit_log a
    where tenant_id = ${tenant.id} and action like 'dsar.%' order by id`;

/** Writes the tenant's recorded interactions into files of its store. */
export const runExport = (db: TestDatabase, office: Pick<Office, 'blobs'>) =>
  exportInteractionsJob.run(
    {
      ...{ pool: db.worker, log, processId: 'test', runId: newId(), params: {} },
      ...{ signal: new AbortController().signal, fence: async () => {}, failPoint: () => {} },
    },
    { blobs: office.blobs },
  );

/** The file of an access request; null where there is none. */
export async function readBundle(
  db: TestDatabase,
  { blobs }: Pick<Office, 'blobs'>,
  id: string,
): Promise<Buffer | null> {
  const [bundle] = await db.owner<{ location: string }[]>`select location from dsar_bundles where request_id = ${id}`;
  const body = bundle ? await blobs.read(bundle.location) : null;
  return body && Buffer.concat((await body.toArray()) as Buffer[]);
}

/** Whether there is a blob of this key. */
export async function isBlobThere(blobs: ReadableBlobStore, key: string): Promise<boolean> {
  const body = await blobs.read(key);
  body?.destroy();
  return body !== null;
}

export type Place = { table: string; rows: number };

/** Every table with a tenant's rows in which the text stands anywhere in a row, by the catalogue: a new table is seen. */
export async function findAnywhere(db: TestDatabase, tenantId: string, text: string): Promise<Place[]> {
  const tables = await db.owner<{ name: string }[]>`
    select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition order by 1`;
  const counts = tables.map(
    ({ name }) => `select '${name}' as table, count(*)::int as rows from "${name}" r
      where r.tenant_id = $1 and strpos(r::text, $2) > 0`,
  );
  return [
    ...(await db.owner.unsafe<Place[]>(
      `select * from (${counts.join(' union all ')}) found where rows > 0 order by 1`,
      [tenantId, text],
    )),
  ];
}

/** Every file below a store's folder in which the text stands, or whose name has it. */
export async function findInBlobs(blobs: ReadableBlobStore, folders: string[], text: string): Promise<string[]> {
  const found: string[] = [];
  for (const folder of folders)
    for await (const key of blobs.list(folder)) {
      const body = Buffer.concat(await (await blobs.read(key))!.toArray()).toString('utf8');
      if (key.includes(text) || body.includes(text)) found.push(key);
    }
  return found;
}
