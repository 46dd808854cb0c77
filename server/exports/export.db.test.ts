import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, describe, expect, it } from 'vitest';
import { openPool } from '#db/client.ts';
import { passHorizon, testDatabase } from '#db/testing/index.ts';
import { openFolderStore } from '#server/files/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { addInteractions, runExport } from './testing/index.ts';

const db = await testDatabase();
const SCRIPT = fileURLToPath(new URL('./testing/export-process.ts', import.meta.url));
/** At each fail point; `npm run chaos:cron` says more. */
const KILLS = Number(process.env.CHAOS_KILLS ?? 1);
/** Of twelve writers. */
const ROWS = Number(process.env.EXPORT_ROWS ?? 10_000);
const folders: string[] = [];
async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'exports-'));
  folders.push(folder);
  return folder;
}
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

const filesIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => path.endsWith('.json'))
    .sort();
/** The ids in all files below the folder, each as often as it is there. Every file must end with a whole line. */
async function idsIn(folder: string): Promise<string[]> {
  const ids: string[] = [];
  for (const path of await filesIn(folder)) {
    const text = await readFile(path, 'utf8');
    expect(text.endsWith('}\n')).toBe(true);
    for (const line of text.trimEnd().split('\n'))
      ids.push((JSON.parse(line) as { interactionId: string }).interactionId);
  }
  return ids.sort();
}
const idsOf = async (tenantId: string) =>
  (await db.owner<{ id: string }[]>`select id from interaction_history where tenant_id = ${tenantId} order by id`).map(
    ({ id }) => id,
  );

describe('an export', () => {
  it('writes a file per UTC day of occurrence and batch, whole lines of JSON, and tells their names', async () => {
    const folder = await newFolder();
    const tenant = await createTenant(db.owner, { slug: 'days', name: 'Days' });
    await addInteractions(db, tenant.id, 9);
    const { totalExported, tenants } = await runExport(db, openFolderStore(folder));
    expect(totalExported).toBe(9);
    const [mine] = tenants;
    expect(mine).toMatchObject({ tenantId: tenant.id, tenantName: 'Days', exported: 9 });
    expect(mine).not.toHaveProperty('error');
    expect(mine?.filePath).toBe(mine?.files.at(-1));
    const days = [
      ['02', '27'],
      ['02', '28'],
      ['03', '01'],
    ];
    expect([...mine!.files].sort()).toEqual(
      days.map(([month, day]) =>
        expect.stringMatching(
          new RegExp(
            `^exports/${tenant.id}/interaction_history/year=2026/month=${month}/day=${day}/batch-[0-9a-f-]+\\.json$`,
          ),
        ),
      ),
    );
    expect(await filesIn(folder)).toEqual([...mine!.files].sort().map((key) => join(folder, key)));
    const first = JSON.parse((await readFile(join(folder, [...mine!.files].sort()[0]!), 'utf8')).split('\n')[0]!);
    expect(first).toEqual({
      interactionId: expect.any(String),
      ...{ customerId: 'c3', offerId: 'o', channel: 'web', interactionType: 'impression', context: { n: 3 } },
      ...{ occurredAt: '2026-02-27T23:30:00.000Z', recordedAt: expect.stringMatching(/Z$/) },
    });
    expect(await runExport(db, openFolderStore(folder))).toMatchObject({
      totalExported: 0,
      tenants: [{ exported: 0, filePath: null, files: [] }],
    });
    await db.owner`update tenants set status = 'suspended'`;
  });

  it('takes batch after batch, by rows and by size, and loses nothing between them', async () => {
    const folder = await newFolder();
    const tenant = await createTenant(db.owner, { slug: 'batches', name: 'Batches' });
    await addInteractions(db, tenant.id, 2_345);
    const byRows = await runExport(db, openFolderStore(folder), { rows: 100, bytes: 1_000_000 });
    expect(byRows).toMatchObject({ totalExported: 2_345, tenants: [{ exported: 2_345 }] });
    expect(byRows.tenants[0]?.files).toHaveLength(72);
    await addInteractions(db, tenant.id, 50);
    const bySize = await runExport(db, openFolderStore(folder), { rows: 100, bytes: 2_000 });
    expect(bySize.totalExported).toBe(50);
    expect(bySize.tenants[0]!.files.length).toBeGreaterThan(9);
    expect(await idsIn(folder)).toEqual(await idsOf(tenant.id));
    const [checkpoint] = await db.owner`select exported from export_checkpoints
      where tenant_id = ${tenant.id} and data_set = 'interaction_history'`;
    expect(Number(checkpoint?.exported)).toBe(2_395);
    await db.owner`update tenants set status = 'suspended'`;
  });

  it('keeps every digit of the numbers in a context', async () => {
    const folder = await newFolder();
    const tenant = await createTenant(db.owner, { slug: 'digits', name: 'Digits' });
    await db.owner`insert into interaction_history (tenant_id, customer_id, offer_id, channel, interaction_type, context)
      values (${tenant.id}, 'c', 'o', 'web', 'i', '{"n": 12345678901234567890.123456789}'::text::jsonb)`;
    await passHorizon(db.owner);
    const { tenants } = await runExport(db, openFolderStore(folder));
    expect(await readFile(join(folder, tenants[0]!.filePath!), 'utf8')).toContain('12345678901234567890.123456789');
    await db.owner`update tenants set status = 'suspended'`;
  });

  it('goes on with the other tenants when one cannot be written, and moves no checkpoint over it', async () => {
    const folder = await newFolder();
    const [broken, whole] = [
      await createTenant(db.owner, { slug: 'broken', name: 'Broken' }),
      await createTenant(db.owner, { slug: 'whole', name: 'Whole' }),
    ];
    for (const tenant of [broken, whole]) await addInteractions(db, tenant.id, 5);
    const store = openFolderStore(folder);
    const failing = {
      ...store,
      put: (key: string, body: string | Buffer) =>
        key.includes(broken.id) ? Promise.reject(new Error('no space left')) : store.put(key, body),
    };
    const { tenants } = await runExport(db, failing);
    expect(tenants).toMatchObject([
      { tenantId: broken.id, exported: 0, filePath: null, error: expect.stringContaining('no space left') },
      { tenantId: whole.id, exported: 5 },
    ]);
    expect(await runExport(db, store)).toMatchObject({ totalExported: 5 });
    expect(await idsIn(folder)).toEqual([...(await idsOf(broken.id)), ...(await idsOf(whole.id))].sort());
    await db.owner`update tenants set status = 'suspended'`;
  });

  it('tells what it wrote for a tenant before it failed', async () => {
    const folder = await newFolder();
    const tenant = await createTenant(db.owner, { slug: 'halfway', name: 'Halfway' });
    await addInteractions(db, tenant.id, 250);
    const store = openFolderStore(folder);
    // Three days a batch: the second batch cannot be finished.
    let left = 4;
    const failing = {
      ...store,
      put: (key: string, body: string | Buffer) =>
        left-- > 0 ? store.put(key, body) : Promise.reject(new Error('no space left')),
    };
    const told = await runExport(db, failing, { rows: 100, bytes: 1_000_000 });
    expect(told).toMatchObject({ totalExported: 100, tenants: [{ exported: 100, error: expect.any(String) }] });
    expect(told.tenants[0]?.files).toHaveLength(4);
    const [checkpoint] = await db.owner`select exported from export_checkpoints
      where tenant_id = ${tenant.id} and data_set = 'interaction_history'`;
    expect(Number(checkpoint?.exported)).toBe(100);
    expect(await runExport(db, store)).toMatchObject({ totalExported: 150 });
    expect(await idsIn(folder)).toEqual(await idsOf(tenant.id));
    await db.owner`update tenants set status = 'suspended'`;
  });

  it('leaves suspended tenants alone', async () => {
    const tenant = await createTenant(db.owner, { slug: 'suspended', name: 'Suspended' });
    await addInteractions(db, tenant.id, 5);
    await db.owner`update tenants set status = 'suspended'`;
    expect(await runExport(db, openFolderStore(await newFolder()))).toEqual({ totalExported: 0, tenants: [] });
  });
});

describe('twelve writers in slow transactions', () => {
  it(
    `lose none of ${ROWS} rows to an export that runs all the while`,
    async () => {
      const folder = await newFolder();
      const store = openFolderStore(folder);
      const tenant = await createTenant(db.owner, { slug: 'writers', name: 'Writers' });
      const [writers, rows] = [12, 49];
      const transactions = Math.ceil(ROWS / writers / (2 * rows - 24));
      const pool = openPool({ url: db.ownerUrl, max: writers, applicationName: 'slow writers' });
      let isWriting = true;
      const write = async (writer: number) => {
        for (let n = 0; n < transactions; n += 1) {
          await pool.begin(async (tx) => {
            // The number is taken first and the commit comes last: between the two others begin and commit.
            await tx`select pg_current_xact_id()`;
            await tx`select pg_sleep(${(((writer * 7 + n * 3) % 10) + 1) / 200})`;
            for (const half of [0, 1]) {
              await tx`insert into interaction_history (tenant_id, customer_id, offer_id, channel, interaction_type)
              select ${tenant.id}, 'w' || ${writer}::text, 'o', 'web', 'i' from generate_series(1, ${rows - half * 24})`;
              await tx`select pg_sleep(0.005)`;
            }
          });
        }
      };
      const exporting = (async () => {
        while (isWriting) await runExport(db, store, { rows: 500, bytes: 1_000_000 });
      })();
      await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer))).finally(() => {
        isWriting = false;
      });
      await exporting;
      await pool.end();
      await passHorizon(db.owner);
      await runExport(db, store);
      const written = await idsOf(tenant.id);
      expect(written.length).toBe(writers * transactions * (2 * rows - 24));
      expect(written.length).toBeGreaterThanOrEqual(ROWS);
      expect(await idsIn(folder)).toEqual(written);
      await db.owner`update tenants set status = 'suspended'`;
    },
    180_000 + ROWS * 10,
  );
});

describe('an export that is killed', () => {
  it.each([
    ['planned', 2],
    ['read', 2],
    ['file', 1],
    ['file', 4],
    ['moved', 2],
  ])(
    'at %s, time %i, is repeated by the next one into the same files: no row missing, none twice',
    async (point, at) => {
      for (let kill = 0; kill < KILLS; kill += 1) {
        const folder = await newFolder();
        const tenant = await createTenant(db.owner, { slug: `kill-${point}-${at}-${kill}`, name: 'Killed' });
        await addInteractions(db, tenant.id, 350);
        const args = [SCRIPT, db.workerUrl, folder, `exportInteractions.${point}`, String(at)];
        const [, signal] = (await once(spawn(process.execPath, args, { stdio: 'inherit' }), 'exit')) as [
          unknown,
          string | null,
        ];
        expect(signal).toBe('SIGKILL');
        // What is visible is whole, also before anybody cleans up.
        await idsIn(folder);
        await addInteractions(db, tenant.id, 30);
        await runExport(db, openFolderStore(folder), { rows: 100, bytes: 1_000_000 });
        expect(await idsIn(folder)).toEqual(await idsOf(tenant.id));
        await db.owner`update tenants set status = 'suspended'`;
      }
    },
    60_000 * (KILLS + 1),
  );
});

describe('the exported files', () => {
  it('are read as hive partitions by DuckDB, each row in the day on which it happened', async () => {
    const folder = await newFolder();
    const tenant = await createTenant(db.owner, { slug: 'duck', name: 'Duck' });
    await addInteractions(db, tenant.id, 300);
    await runExport(db, openFolderStore(folder), { rows: 50, bytes: 1_000_000 });
    const duck = await (await DuckDBInstance.create(':memory:')).connect();
    const reader = await duck.runAndReadAll(`
      select year, month, day, count(*)::int as rows, count(distinct "interactionId")::int as ids,
        bool_and(strftime("occurredAt"::timestamp, '%Y-%-m-%-d') = year || '-' || month || '-' || day) as is_right
      from read_json('${folder}/exports/${tenant.id}/interaction_history/**/*.json', format = 'newline_delimited', hive_partitioning = true,
        hive_types = {'year': INT, 'month': INT, 'day': INT})
      group by all order by all`);
    expect(reader.getRowObjects()).toEqual([
      { year: 2026, month: 2, day: 27, rows: 100, ids: 100, is_right: true },
      { year: 2026, month: 2, day: 28, rows: 100, ids: 100, is_right: true },
      { year: 2026, month: 3, day: 1, rows: 100, ids: 100, is_right: true },
    ]);
    await db.owner`update tenants set status = 'suspended'`;
  });
});
