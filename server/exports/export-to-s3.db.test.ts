import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { hasS3Server, type S3Server, startS3Server } from '#db/testing/s3-server.ts';
import { openFolderStore, openS3Store } from '#server/files/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { addInteractions, runExport } from './testing/index.ts';

const db = await testDatabase();
const isThere = hasS3Server();
const SCRIPT = fileURLToPath(new URL('./testing/export-process.ts', import.meta.url));
const LIMITS = { rows: 100, bytes: 1_000_000 };

describe.skipIf(!isThere)('an export to a bucket', () => {
  let s3: S3Server;
  let client: S3Client;
  let folder = '';
  beforeAll(async () => {
    s3 = await startS3Server();
    client = new S3Client({ ...s3, forcePathStyle: true });
    folder = await mkdtemp(join(tmpdir(), 'from-s3-'));
  });
  afterAll(async () => {
    client?.destroy();
    await s3?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Every object of the bucket as a file, for a reader that knows no S3. */
  async function download(): Promise<string[]> {
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: s3.bucket }));
    const store = openFolderStore(folder);
    for (const { Key } of Contents) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: s3.bucket, Key }));
      await store.put(Key!, await Body!.transformToString());
    }
    return Contents.map(({ Key }) => Key!).sort();
  }

  /** Every id in every object of the tenant, as DuckDB reads them, each as often as it is there. It refuses half a line. */
  async function readIds(tenantId: string): Promise<string[]> {
    const duck = await (await DuckDBInstance.create(':memory:')).connect();
    const reader = await duck.runAndReadAll(`select "interactionId"::varchar as id
      from read_json('${folder}/exports/${tenantId}/interaction_history/**/*.json', format = 'newline_delimited') order by 1`);
    return reader.getRowObjects().map(({ id }) => String(id));
  }

  it('writes what DuckDB reads as hive partitions, and goes on after the server was away', async () => {
    const tenant = await createTenant(db.owner, { slug: 'bucket', name: 'Bucket' });
    await addInteractions(db, tenant.id, 300);
    const dead = openS3Store({ ...s3, endpoint: 'http://127.0.0.1:9' });
    expect(await runExport(db, dead, LIMITS)).toMatchObject({
      totalExported: 0,
      tenants: [{ exported: 0, filePath: null, error: expect.any(String) }],
    });
    const { tenants, totalExported } = await runExport(db, openS3Store(s3), LIMITS);
    expect(totalExported).toBe(300);
    expect(await download()).toEqual([...tenants[0]!.files].sort());
    const duck = await (await DuckDBInstance.create(':memory:')).connect();
    const reader = await duck.runAndReadAll(`
      select month, day, count(*)::int as rows, count(distinct "interactionId")::int as ids
      from read_json('${folder}/exports/${tenant.id}/interaction_history/**/*.json', format = 'newline_delimited',
        hive_partitioning = true, hive_types = {'year': INT, 'month': INT, 'day': INT})
      group by all order by all`);
    expect(reader.getRowObjects()).toEqual([
      { month: 2, day: 27, rows: 100, ids: 100 },
      { month: 2, day: 28, rows: 100, ids: 100 },
      { month: 3, day: 1, rows: 100, ids: 100 },
    ]);
    await db.owner`update tenants set status = 'suspended'`;
  });

  it.each([
    ['read', 2, 3],
    ['file', 1, 1],
    ['file', 4, 4],
  ])(
    'killed at %s, time %i, leaves whole objects only, and one more export has every row once',
    async (point, at, files) => {
      const tenant = await createTenant(db.owner, { slug: `killed-${point}-${at}`, name: 'Killed' });
      await addInteractions(db, tenant.id, 350);
      const args = [SCRIPT, db.workerUrl, JSON.stringify(s3), `exportInteractions.${point}`, String(at)];
      const [, signal] = (await once(spawn(process.execPath, args, { stdio: 'inherit' }), 'exit')) as [
        unknown,
        string | null,
      ];
      expect(signal).toBe('SIGKILL');
      const mine = (keys: string[]) => keys.filter((key) => key.startsWith(`exports/${tenant.id}/`));
      const midway = mine(await download());
      // The first batch has a file for each of three days.
      expect(midway).toHaveLength(files);
      const before = new Map<string, string>();
      for (const key of midway) {
        const text = await readFile(join(folder, key), 'utf8');
        expect(text.endsWith('}\n')).toBe(true);
        before.set(key, text);
      }
      await addInteractions(db, tenant.id, 30);
      const { tenants } = await runExport(db, openS3Store(s3), LIMITS);
      const after = mine(await download());
      // What was visible was the whole file: the export after it wrote the same again, or left it alone.
      for (const [key, text] of before) expect(await readFile(join(folder, key), 'utf8')).toBe(text);
      expect(tenants.find(({ tenantId }) => tenantId === tenant.id)).not.toHaveProperty('error');
      const written = await db.owner<{ id: string }[]>`
      select id from interaction_history where tenant_id = ${tenant.id} order by id::text collate "C"`;
      expect(await readIds(tenant.id)).toEqual(written.map(({ id }) => id));
      expect(after.length).toBeGreaterThan(midway.length);
      await db.owner`update tenants set status = 'suspended' where id = ${tenant.id}`;
    },
    120_000,
  );
});
