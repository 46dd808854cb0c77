// An exporter that is paused past its lease, as by a machine that was suspended, and goes on when another has taken over.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { passHorizon, testDatabase } from '#db/testing/index.ts';
import { type BlobStore, openFolderStore } from '#server/files/index.ts';
import { ServiceError } from '#server/lib/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { BATCHES_PER_TURN } from './config.ts';
import { addInteractions, runExport } from './testing/index.ts';

const db = await testDatabase();
const folder = await mkdtemp(join(tmpdir(), 'overtaken-'));
const store = openFolderStore(folder);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Ids in all files of a tenant, each as often as it is there. */
async function exported(tenantId: string): Promise<string[]> {
  const files = await readdir(join(folder, 'exports', tenantId), { recursive: true, withFileTypes: true });
  const texts = await Promise.all(
    files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name), 'utf8')),
  );
  return texts
    .flatMap((text) => text.trimEnd().split('\n'))
    .map((line) => (JSON.parse(line) as { interactionId: string }).interactionId)
    .sort();
}
const stored = async (tenantId: string) =>
  (await db.owner<{ id: string }[]>`select id from interaction_history where tenant_id = ${tenantId} order by id`).map(
    ({ id }) => id,
  );

/** A store that stops before its first file until it is told to go on. */
function pausing() {
  const [reached, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const paused: BlobStore = {
    ...store,
    async put(key, body, signal) {
      reached.resolve();
      await goOn.promise;
      await store.put(key, body, signal);
    },
  };
  return { paused, reached: reached.promise, goOn: goOn.resolve };
}

describe('an exporter that was overtaken between its read and its write', () => {
  it('writes the same rows into the same files, and takes none out of them', async () => {
    const tenant = await createTenant(db.owner, { slug: 'overtaken', name: 'Overtaken' });
    await addInteractions(db, tenant.id, 30);
    const { paused, reached, goOn } = pausing();
    const late = runExport(db, paused);
    await reached;
    await addInteractions(db, tenant.id, 60);
    expect(await runExport(db, store)).toMatchObject({ totalExported: 90 });
    expect(await exported(tenant.id)).toEqual(await stored(tenant.id));
    goOn();
    // It may move nothing any more; what it has written by then is what was there.
    expect(await late).toMatchObject({ tenants: [{ exported: 0, error: expect.stringContaining('another export') }] });
    expect(await exported(tenant.id)).toEqual(await stored(tenant.id));
    await db.owner`update tenants set status = 'suspended'`;
  });

  it('reads nothing that it could write when it comes back after a purge', async () => {
    const tenant = await createTenant(db.owner, { slug: 'purged', name: 'Purged' });
    await addInteractions(db, tenant.id, 30);
    let isOvertaken = false;
    const fence = async () => {
      if (isOvertaken) throw new ServiceError('JOB_LEASE_LOST', 'another run has taken over');
    };
    const wasStored = await stored(tenant.id);
    // Paused where the range is planned and not read: the other exports it, and a purge takes half of it.
    const failPoint = (name: string) => {
      if (name !== 'exportInteractions.planned') return;
      isOvertaken = true;
    };
    await expect(runExport(db, store, undefined, { fence, failPoint })).rejects.toMatchObject({
      code: 'JOB_LEASE_LOST',
    });
    expect(await runExport(db, store)).toMatchObject({ totalExported: 30 });
    await db.owner`delete from interaction_history where tenant_id = ${tenant.id} and id < ${wasStored[15]!}`;
    await expect(runExport(db, store, undefined, { fence })).rejects.toMatchObject({ code: 'JOB_LEASE_LOST' });
    expect(await exported(tenant.id)).toEqual(wasStored);
    await db.owner`update tenants set status = 'suspended'`;
  });
});

describe('a batch that was planned', () => {
  it('is exported as it was planned by whoever comes next, and then what came meanwhile', async () => {
    const tenant = await createTenant(db.owner, { slug: 'planned', name: 'Planned' });
    await addInteractions(db, tenant.id, 12);
    const dies = (name: string) => {
      if (name === 'exportInteractions.planned') throw new Error('stopped here');
    };
    expect(await runExport(db, store, undefined, { failPoint: dies })).toMatchObject({ totalExported: 0 });
    await addInteractions(db, tenant.id, 9);
    const { tenants } = await runExport(db, store);
    // Three days in each of the two batches.
    expect(tenants).toMatchObject([{ exported: 21, files: { length: 6 } }]);
    expect(await exported(tenant.id)).toEqual(await stored(tenant.id));
    const [left] = await db.owner`select planned_tx, planned_id, exported from export_checkpoints
      where tenant_id = ${tenant.id} and data_set = 'interaction_history'`;
    expect(left).toMatchObject({ planned_tx: null, planned_id: null, exported: '21' });
    await db.owner`update tenants set status = 'suspended'`;
  });
});

describe('outcomes', () => {
  it('are exported beside the interactions, to a folder of their own', async () => {
    const tenant = await createTenant(db.owner, { slug: 'outcomes', name: 'Outcomes' });
    await addInteractions(db, tenant.id, 1);
    const [interaction] = await stored(tenant.id);
    await db.owner`insert into interaction_outcomes (tenant_id, interaction_id, customer_id, outcome, value, occurred_at)
      values (${tenant.id}, ${interaction!}, 'c1', 'accepted', 12.5, '2026-03-05T10:00:00Z')`;
    await passHorizon(db.owner);
    const { tenants, totalExported } = await runExport(db, store);
    expect(totalExported).toBe(2);
    expect(tenants[0]?.files).toEqual([
      expect.stringMatching(/\/interaction_outcomes\/year=2026\/month=03\/day=05\/batch-[0-9a-f-]+\.json$/),
      expect.stringMatching(/\/interaction_history\/year=2026\//),
    ]);
    expect(tenants[0]?.filePath).toContain('/interaction_history/');
    expect(JSON.parse(await readFile(join(folder, tenants[0]!.files[0]!), 'utf8'))).toEqual({
      ...{
        outcomeId: expect.any(String),
        interactionId: interaction,
        customerId: 'c1',
        outcome: 'accepted',
        value: 12.5,
      },
      ...{ occurredAt: '2026-03-05T10:00:00.000Z', recordedAt: expect.stringMatching(/Z$/) },
    });
    expect(await runExport(db, store)).toMatchObject({ totalExported: 0 });
    await db.owner`update tenants set status = 'suspended'`;
  });

  it('that go on for turns after the interactions are through do not become the file that is told of', async () => {
    const tenant = await createTenant(db.owner, { slug: 'many-outcomes', name: 'Many outcomes' });
    await addInteractions(db, tenant.id, 1);
    const [interaction] = await stored(tenant.id);
    await db.owner`insert into interaction_outcomes (tenant_id, interaction_id, customer_id, outcome)
      select ${tenant.id}, ${interaction!}, 'c1', 'accepted' from generate_series(1, ${BATCHES_PER_TURN + 2})`;
    await passHorizon(db.owner);
    const { tenants, totalExported } = await runExport(db, store, { rows: 1, bytes: 1_000_000 });
    expect(totalExported).toBe(BATCHES_PER_TURN + 3);
    expect(tenants[0]?.files.at(-1)).toContain('/interaction_outcomes/');
    expect(tenants[0]?.filePath).toContain('/interaction_history/');
    await db.owner`update tenants set status = 'suspended'`;
  });
});
