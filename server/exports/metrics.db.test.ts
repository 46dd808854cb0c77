// How far behind exports are, as an operator is told.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { openFolderStore } from '#server/files/index.ts';
import { registry } from '#server/lib/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { observeExports } from './metrics.ts';
import { addInteractions, runExport } from './testing/index.ts';

const db = await testDatabase();

it('the gauge says at every scrape how old the oldest row is that no export took, of whichever tenant', async () => {
  observeExports(db.worker);
  const scrape = async () => {
    const line = (await registry.metrics()).match(/^\w*export_behind_seconds (\S+)$/m);
    return line ? Number(line[1]) : null;
  };
  const age = (tenantId: string) =>
    db.owner`update interaction_history set created_at = now() - interval '2 hours' where tenant_id = ${tenantId}`;
  const [one, two] = [
    await createTenant(db.owner, { slug: 'one', name: 'One' }),
    await createTenant(db.owner, { slug: 'two', name: 'Two' }),
  ];
  await addInteractions(db, one.id, 3);
  await age(one.id);
  // Nobody exports here: there is nothing to be behind of.
  expect(await scrape()).toBeNull();
  const folder = await mkdtemp(join(tmpdir(), 'exports-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const store = openFolderStore(folder);
  await runExport(db, store);
  expect(await scrape()).toBe(0);
  // The second tenant was never exported, and its export fails.
  await addInteractions(db, two.id, 3);
  await age(two.id);
  expect(await scrape()).toBeGreaterThanOrEqual(7_200);
  await runExport(db, { ...store, put: () => Promise.reject(new Error('no space left')) });
  expect(await scrape()).toBeGreaterThanOrEqual(7_200);
  await runExport(db, store);
  expect(await scrape()).toBe(0);
  // No export runs, and rows come in.
  await addInteractions(db, one.id, 1);
  await age(one.id);
  expect(await scrape()).toBeGreaterThanOrEqual(7_200);
  await db.owner`update tenants set status = 'suspended'`;
  expect(await scrape()).toBe(0);
});
