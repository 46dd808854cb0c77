import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { checkChains, readHeads } from '#server/audit/index.ts';
import { createLogger, newId } from '#server/lib/index.ts';
import { createAuditSealer } from './audit-sealer.ts';

const db = await testDatabase();
const folder = await mkdtemp(join(tmpdir(), 'mainspring-heads-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const log = createLogger({ level: 'silent', tier: 'test' });
const tenantId = newId();
const write = (n: number) => db.owner`insert into audit_log (tenant_id, actor_kind, actor_id, action)
  select ${tenantId}, 'system', 'test', 'x' from generate_series(1, ${n})`;
const head = async () => [...((await readHeads(folder)).get(tenantId)?.keys() ?? [])].at(-1) ?? 0;

it('seals what is written, keeps each head outside, and makes up for one that a kill left out', async () => {
  const sealer = createAuditSealer({ pool: db.worker, log, headsFolder: folder, pollMs: 20, batchSize: 4 });
  sealer.start();
  await write(10);
  await expect.poll(head, { timeout: 90_000 }).toBe(10);
  await sealer.stop();
  expect((await db.owner`select from audit_seals`).count).toBe(10);
  // As if the process had been killed between its commit and its file.
  await rm(folder, { recursive: true });
  const next = createAuditSealer({ pool: db.worker, log, headsFolder: folder, pollMs: 20 });
  next.start();
  await expect.poll(head, { timeout: 90_000 }).toBe(10);
  await next.stop();
  // Every older transaction of the cluster must have ended, and other files hold some open for a while.
}, 200_000);

it('leaves for the page what a check found', async () => {
  const check = async () => {
    await checkChains(db.worker, log, await readHeads(folder));
    return [...(await db.owner`select head_seq::int as head, first_bad_seq::int as bad, problem from audit_checks`)];
  };
  expect(await check()).toEqual([{ head: 10, bad: null, problem: null }]);
  await db.owner`delete from audit_log where id = (select audit_id from audit_seals where seq = 3)`;
  expect(await check()).toEqual([{ head: 10, bad: 3, problem: 'row_missing' }]);
});
