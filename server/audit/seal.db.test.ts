// How rows get their seals, whatever else goes on.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { openPool } from '#db/client.ts';
import { testDatabase } from '#db/testing/index.ts';
import { newId } from '#server/lib/index.ts';
import { listHeads, sealBatch, verifyChain } from './index.ts';
import { openSealing } from './testing/sealing.ts';

// Rows are sealed once every older transaction of the cluster has ended, and other files hold some open for a while.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const db = await testDatabase();
const { log, sealAll, seals, wipe, sealed } = openSealing(db);
const [one, two] = [newId(), newId()];
const NONE = new Map<number, string>();

describe('the sealer', () => {
  it("gives each tenant's rows places without gaps, in batches, and a second pass does nothing", async () => {
    await log(one, 25);
    await log(two, 5);
    await log(one, 25);
    await sealed(55);
    const places = await seals();
    for (const [tenant, n] of [
      [one, 50],
      [two, 5],
    ] as const)
      expect(places.filter((row) => row.tenant_id === tenant).map((row) => Number(row.seq))).toEqual(
        Array.from({ length: n }, (_, index) => index + 1),
      );
    expect(await sealAll()).toEqual({ sealed: 0, heads: [] });
    expect(await seals()).toEqual(places);
    expect((await listHeads(db.worker)).map((head) => [head.tenantId, head.seq])).toEqual(
      [
        [one, 50],
        [two, 5],
      ].sort((a, b) => (a[0]! < b[0]! ? -1 : 1)),
    );
  });

  it('waits for a transaction that commits late, and seals its rows after those that overtook it', async () => {
    await wipe();
    const slow = openPool({ url: db.appUrl, max: 1, applicationName: 'slow' });
    let release = () => {};
    let began = () => {};
    const hasBegun = new Promise<void>((done) => {
      began = done;
    });
    const late = slow.begin(async (tx) => {
      await tx`select set_config('mainspring.tenant_id', ${one}, true)`;
      await tx`insert into audit_log (tenant_id, actor_kind, actor_id, action) values (${one}, 'user', 'late', 'x')`;
      await new Promise<void>((done) => {
        release = done;
        began();
      });
    });
    await hasBegun;
    await log(one, 10);
    expect((await sealAll()).sealed).toBe(0);
    release();
    await late;
    await slow.end();
    await sealed(11);
    const [first] = await db.owner`select a.actor_id, count(*) over ()::int as n from audit_seals s
      join audit_log a on a.id = s.audit_id where s.tenant_id = ${one} order by s.seq limit 1`;
    expect(first).toEqual({ actor_id: 'late', n: 11 });
  });

  it('does no harm twice at once, under writers', async () => {
    await wipe();
    const writing = Promise.all(Array.from({ length: 40 }, async (_, index) => log(index % 2 === 0 ? one : two, 10)));
    let isWriting = true;
    void writing.finally(() => {
      isWriting = false;
    });
    const sealer = async () => {
      let count = 0;
      while (isWriting) count += (await sealBatch(db.worker, { limit: 7 })).sealed;
      return count;
    };
    const counts = await Promise.all([sealer(), sealer(), sealer()]);
    await sealed(400 - counts.reduce((a, b) => a + b, 0));
    for (const tenant of [one, two])
      expect(await verifyChain(db.owner, tenant, NONE)).toMatchObject({ checked: 200, unsealed: 0, firstBad: null });
  });

  it('may be killed at any moment: what it left is whole, and the next goes on from there', async () => {
    await wipe();
    const script = resolve(fileURLToPath(new URL('./testing/seal-for-ever.ts', import.meta.url)));
    for (let kills = 0; kills < 3; kills += 1) {
      await log(one, 1_000);
      const before = (await seals()).length;
      const child: ChildProcess = spawn(process.execPath, [script, db.workerUrl], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      // Killed in the middle of its work: after its first batch, somewhere in a later one.
      await once(child.stdout!, 'data');
      child.kill('SIGKILL');
      await once(child, 'exit');
      expect((await seals()).length).toBeGreaterThan(before);
      expect((await verifyChain(db.owner, one, NONE)).firstBad).toBeNull();
    }
    await sealed(3_000 - (await seals()).length);
    expect(await verifyChain(db.owner, one, NONE)).toMatchObject({ checked: 3_000, unsealed: 0, firstBad: null });
  });

  it('goes on after a restore into a cluster whose transactions count from below, once its position is set back', async () => {
    const before = (await seals()).length;
    await db.owner`update audit_seal_position set tx = '18446744073709551615'`;
    await log(one, 5);
    expect((await sealBatch(db.worker, { limit: 10 })).sealed).toBe(0);
    expect((await verifyChain(db.owner, one, NONE)).firstBad).toMatchObject({ problem: 'row_unsealed' });
    await db.owner`update audit_seal_position set tx = '0', audit_id = '00000000-0000-0000-0000-000000000000'`;
    await sealed(5);
    expect((await seals()).length).toBe(before + 5);
    expect((await verifyChain(db.owner, one, NONE)).firstBad).toBeNull();
  });

  it('keeps rows and seals from being changed, removed or truncated by the roles that serve', async () => {
    for (const pool of [db.app, db.worker])
      for (const table of ['audit_log', 'audit_seals'])
        for (const statement of [
          `update ${table} set tenant_id = tenant_id`,
          `delete from ${table}`,
          `truncate ${table}`,
        ])
          await expect(pool.unsafe(statement), statement).rejects.toMatchObject({ code: '42501' });
    await expect(
      db.app.unsafe(`insert into audit_seals (tenant_id, seq, audit_id, hash) select '${one}', 1, '${one}', '\\x00'`),
    ).rejects.toMatchObject({ code: '42501' });
  });
});
