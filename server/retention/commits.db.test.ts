// Which steps of a purge wait for the disk: those that a crash of the server must not undo.

import { expect, it } from 'vitest';
import { openPool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { testDatabase } from '#db/testing/index.ts';
import { queryOne, type Tx } from '#server/lib/index.ts';
import { addRows, openKeeper, runPurge } from './testing/index.ts';

const db = await testDatabase();

it('rows of attachments are gone for good before the first of their blobs is deleted, and a purge before it ends', async () => {
  const keeper = await openKeeper(db, 'durable', 'strictest');
  await keeper.keep('ai_attachments', 30);
  await addRows(db, keeper.tenant, { customerId: 'c', ageDays: 40, count: 3 });
  /** Every transaction of the purge, by whether its commit waits; and every blob. */
  const steps: string[] = [];
  const fence = async (tx: Tx) => {
    const { mode } = await queryOne<{ mode: string }>(tx, sql`select current_setting('synchronous_commit') as mode`);
    steps.push(mode);
  };
  const deleteBlob = async () => {
    steps.push('blob');
    return 'deleted' as const;
  };
  // Test databases wait for no disk unless they are told to.
  await db.owner.unsafe(`alter role "${db.rolePrefix}_worker" set synchronous_commit = on`);
  const pool = openPool({ url: db.workerUrl, max: 2, applicationName: 'purge' });
  await runPurge(db, { tenant: 'durable' }, { pool, fence, deleteBlob });
  await pool.end();
  expect(steps.filter((step) => step === 'blob')).toHaveLength(3);
  expect(steps).toContain('off');
  const beforeBlobs = steps.slice(0, steps.indexOf('blob'));
  // The batches of attachments come last: one that deletes, and one that finds nothing more.
  expect(beforeBlobs.slice(-2)).toEqual(['on', 'on']);
  expect(beforeBlobs.lastIndexOf('off')).toBeLessThan(beforeBlobs.length - 2);
  expect(steps.at(-1)).toBe('on');
});
