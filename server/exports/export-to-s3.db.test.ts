import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

  it('writes what DuckDB reads as hive partitions, and goes on after the server was away', async () => {
    const tenant = await createTenant(db.owner, { slug: 'bucket', name: 'Bucket' });
    await addInteractions(db, tenant.id, 300);
    const limits = { rows: 100, bytes: 1_000_000 };
    const dead = openS3Store({ ...s3, endpoint: 'http://127.0.0.1:9' });
    expect(await runExport(db, dead, limits)).toMatchObject({
      totalExported: 0,
      tenants: [{ exported: 0, filePath: null, error: expect.any(String) }],
    });
    const { tenants, totalExported } = await runExport(db, openS3Store(s3), limits);
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
  });
});
