// What the chain shows of rows and seals that somebody changed.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { newId } from '#server/lib/index.ts';
import { appendHeads, outsideHeadsOf, readHeads, verifyChain } from './index.ts';
import { openSealing } from './testing/sealing.ts';

// Rows are sealed once every older transaction of the cluster has ended, and other files hold some open for a while.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const db = await testDatabase();
const folder = await mkdtemp(join(tmpdir(), 'mainspring-heads-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const { log, wipe, sealed } = openSealing(db);
const [one, two] = [newId(), newId()];
const NONE = new Map<number, string>();

describe('a chain of 1,000 rows', () => {
  const idAt = (seq: number) => `(select audit_id from audit_seals where tenant_id = '${one}' and seq = ${seq})`;
  const BEFORE = 500;

  beforeAll(async () => {
    await wipe();
    for (let hundred = 0; hundred < 10; hundred += 1) await log(one, 100);
    await appendHeads(folder, await sealed(1_000), new Date());
    await db.owner.unsafe(
      'create table kept_log as select * from audit_log; create table kept_seals as select * from audit_seals',
    );
  });
  const verify = async () => verifyChain(db.app, one, outsideHeadsOf(await readHeads(folder), one));
  async function restore(): Promise<void> {
    await wipe();
    await db.owner.unsafe(
      'insert into audit_log select * from kept_log; insert into audit_seals select * from kept_seals',
    );
  }

  it('is whole when nothing was done to it', async () => {
    expect(await verify()).toMatchObject({ checked: 1_000, firstBad: null, head: { seq: 1_000 }, comparedOutside: 1 });
  });

  const columns = {
    actor_id: `'eve'`,
    action: `'pipeline.resume'`,
    outcome: `'refused'`,
    target_id: `'p1'`,
    details: `'{}'`,
    before: 'null',
    after: `jsonb_set(after, '{n}', '0')`,
    created_at: `created_at + interval '1 ms'`,
    actor_kind: `'system'`,
    request_id: `'other'`,
    tx: `'3'`,
  };
  it.each(Object.entries(columns))('shows a change of %s at that row', async (column, value) => {
    try {
      await db.owner.unsafe(`update audit_log set ${column} = ${value} where id = ${idAt(BEFORE)}`);
      expect((await verify()).firstBad).toMatchObject({ seq: BEFORE, problem: 'changed' });
    } finally {
      await restore();
    }
  });

  const forged = (seq: number) => `insert into audit_log (tenant_id, id, tx, actor_kind, actor_id, action)
    select tenant_id, id, tx, 'user', 'eve', 'x' from (select tenant_id, ms_uuid() as id, tx from audit_log where id = ${idAt(seq)}) x`;
  const shift = (by: number, from: number) =>
    `update audit_seals set seq = seq + 1000000 where tenant_id = '${one}' and seq >= ${from};
     update audit_seals set seq = seq - 1000000 + ${by} where tenant_id = '${one}' and seq > 1000000`;
  const attacks: [what: string, statements: string, seq: number, problem: string][] = [
    ['a deleted row', `delete from audit_log where id = ${idAt(500)}`, 500, 'row_missing'],
    [
      'a deleted row with its seal',
      `delete from audit_log where id = ${idAt(500)}; delete from audit_seals where seq = 500`,
      ...([500, 'seal_missing'] as const),
    ],
    [
      'a deleted row with its seal and the gap closed',
      `delete from audit_log where id = ${idAt(500)}; delete from audit_seals where seq = 500; ${shift(-1, 501)}`,
      ...([500, 'changed'] as const),
    ],
    ['a row put in', `${forged(500)}`, 501, 'row_unsealed'],
    [
      'a row put in with a seal between two others',
      `${forged(500)}; ${shift(1, 500)}; insert into audit_seals (tenant_id, seq, audit_id, hash)
        select tenant_id, 500, id, sha256('x') from audit_log where actor_id = 'eve'`,
      ...([500, 'changed'] as const),
    ],
    [
      'two rows whose contents were swapped',
      `update audit_log a set target_id = b.target_id, details = b.details, before = b.before, after = b.after
        from audit_log b where (a.id, b.id) in ((${idAt(400)}, ${idAt(650)}), (${idAt(650)}, ${idAt(400)}))`,
      ...([400, 'changed'] as const),
    ],
    [
      'two seals whose places were swapped',
      `update audit_seals set seq = 1000001 where seq = 600; update audit_seals set seq = 600 where seq = 400;
        update audit_seals set seq = 400 where seq = 1000001`,
      ...([400, 'changed'] as const),
    ],
    [
      'a tail that was cut off',
      `delete from audit_log where id in (select audit_id from audit_seals where seq > 900);
        delete from audit_seals where seq > 900`,
      ...([901, 'cut_off'] as const),
    ],
    ['everything truncated', 'truncate audit_log, audit_seals', 1, 'cut_off'],
    ['all seals removed', 'truncate audit_seals', 1, 'row_unsealed'],
    ['all rows removed', 'truncate audit_log', 1, 'row_missing'],
  ];
  it.each(attacks)('shows %s', async (_what, statements, seq, problem) => {
    try {
      await db.owner.unsafe(statements);
      expect((await verify()).firstBad).toMatchObject({ seq, problem });
    } finally {
      await restore();
    }
  });

  it('shows by the outside head alone that all of it was sealed anew after a change', async () => {
    try {
      await db.owner.unsafe(`update audit_log set actor_id = 'eve' where id = ${idAt(500)}; truncate audit_seals;
        update audit_seal_position set tx = '0', audit_id = '${'00000000-0000-0000-0000-000000000000'}'`);
      await sealed(1_000);
      expect((await verifyChain(db.app, one, NONE)).firstBad).toBeNull();
      expect((await verify()).firstBad).toMatchObject({ seq: 1_000, problem: 'rewritten' });
    } finally {
      await restore();
    }
  });
});

describe('a chain of 100,000 rows', () => {
  it('is walked in seconds', async () => {
    await wipe();
    await log(two, 100_000);
    const sealingAt = performance.now();
    await sealed(100_000, 5_000);
    const startedAt = performance.now();
    const report = await verifyChain(db.app, two, NONE);
    const seconds = (performance.now() - startedAt) / 1_000;
    expect(report).toMatchObject({ checked: 100_000, firstBad: null, unsealed: 0 });
    // Measured: 2 to 3 s on two busy cores. A row at a time would take minutes.
    expect(seconds).toBeLessThan(25);
    const sealing = (startedAt - sealingAt) / 1_000;
    process.stdout.write(
      `audit: 100,000 rows sealed in ${sealing.toFixed(1)} s, verified in ${seconds.toFixed(1)} s\n`,
    );
  });
});
