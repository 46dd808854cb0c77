// A rotation while everybody goes on: no reader and no writer fails, and nothing stays under an old key.
import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { type Ctx, createTenant } from '#server/tenancy/index.ts';
import { openConnection } from './read-connections.ts';
import { rotateKeys } from './rotate.ts';
import { serveTestConnections, TEST_ENCRYPTION_KEY, testContext } from './testing/index.ts';
import { createConnection, updateConnection } from './write-connection.ts';

const ROWS = 120;
const db = await testDatabase();
const tenants: Ctx[] = [];
const operator = testContext(db.app);

beforeAll(async () => {
  serveTestConnections();
  for (const slug of ['one', 'two']) {
    const ctx = testContext(db.app, await createTenant(db.owner, { slug, name: slug }));
    tenants.push(ctx);
    for (let index = 0; index < ROWS; index += 1)
      await createConnection(ctx, {
        ...{ name: `s-${index}`, kind: 'siem', description: '' },
        config: { backend: 'splunk', endpoint: 'https://siem.example' },
        secrets: { apiKey: `${slug}-${index}-0` },
      });
  }
});

const keys = () =>
  db.owner<{ id: string; is_active: boolean }[]>`select id, is_active from encryption_keys order by id`;

describe('a rotation', () => {
  it('fails no reader and no writer, keeps every secret, and leaves one key', async () => {
    const before = await keys();
    expect(before.map((key) => key.is_active)).toEqual([true]);
    let isDone = false;
    const counts = { reads: 0, writes: 0 };
    const versions = new Map<string, number>();
    const reader = async (ctx: Ctx) => {
      while (!isDone) {
        const index = counts.reads % ROWS;
        const { secrets } = await openConnection(ctx, `s-${index}`, 'siem');
        expect(secrets.apiKey).toMatch(new RegExp(`^${ctx.tenant.slug}-${index}-\\d+$`));
        counts.reads += 1;
      }
    };
    const writer = async (ctx: Ctx) => {
      for (let turn = 1; !isDone; turn += 1) {
        const index = (turn * 7) % ROWS;
        await updateConnection(ctx, { id: `s-${index}`, secrets: { apiKey: `${ctx.tenant.slug}-${index}-${turn}` } });
        versions.set(`${ctx.tenant.slug}-${index}`, turn);
        counts.writes += 1;
      }
    };
    const everybody = Promise.all(tenants.flatMap((ctx) => [reader(ctx), reader(ctx), writer(ctx)]));
    const rotations = [];
    for (let turn = 0; turn < 3; turn += 1) rotations.push(await rotateKeys(operator));
    isDone = true;
    await everybody;
    expect(counts.reads).toBeGreaterThan(10);
    expect(counts.writes).toBeGreaterThan(3);
    expect(new Set(rotations.map((one) => one.keyId)).size).toBe(3);
    for (const ctx of tenants)
      for (let index = 0; index < ROWS; index += 1) {
        const { secrets } = await openConnection(ctx, `s-${index}`, 'siem');
        expect(secrets.apiKey).toBe(`${ctx.tenant.slug}-${index}-${versions.get(`${ctx.tenant.slug}-${index}`) ?? 0}`);
      }
    // What a writer sealed while the last one counted may need one more.
    const last = await rotateKeys(operator);
    expect(last.remaining).toBe(0);
    const after = await keys();
    expect(after.filter((key) => key.is_active).map((key) => key.id)).toEqual([last.keyId]);
    expect(after).toHaveLength(1);
    expect(after[0]!.id).not.toBe(before[0]!.id);
  });

  it('that was cut short is finished by the next call, which makes no further key', async () => {
    const cut = await rotateKeys(operator, { deadlineMs: 0 });
    expect(cut).toMatchObject({ isNew: true, resealed: 0, remaining: 2 * ROWS });
    expect(await keys()).toHaveLength(2);
    expect((await openConnection(tenants[0]!, 's-1', 'siem')).secrets.apiKey).toMatch(/^one-1-/);
    const finished = await rotateKeys(operator);
    expect(finished).toMatchObject({ keyId: cut.keyId, isNew: false, resealed: 2 * ROWS, remaining: 0 });
    expect(await keys()).toHaveLength(1);
  });

  it('moves everything to a new ENCRYPTION_KEY, after which the old one opens nothing and is not needed', async () => {
    serveTestConnections({ keys: ['a new encryption key of 32 characters or more', TEST_ENCRYPTION_KEY] });
    await rotateKeys(operator);
    serveTestConnections({ keys: ['a new encryption key of 32 characters or more'] });
    expect((await openConnection(tenants[1]!, 's-2', 'siem')).secrets.apiKey).toMatch(/^two-2-/);
    serveTestConnections();
    const locked = openConnection(tenants[1]!, 's-2', 'siem');
    await expect(locked).rejects.toMatchObject({ code: 'SECRETS_UNAVAILABLE' });
  });

  it('replaces the active key of a rotation that was cut short under an older ENCRYPTION_KEY', async () => {
    const [older, newer] = ['a new encryption key of 32 characters or more', 'the newest encryption key of 32 or more'];
    serveTestConnections({ keys: [older] });
    const cut = await rotateKeys(operator, { deadlineMs: 0 });
    expect(cut.remaining).toBeGreaterThan(0);
    serveTestConnections({ keys: [newer, older] });
    const moved = await rotateKeys(operator);
    expect(moved).toMatchObject({ isNew: true, remaining: 0 });
    expect(moved.keyId).not.toBe(cut.keyId);
    // The older one is taken away: everything is read, and sealed, with the newer alone.
    serveTestConnections({ keys: [newer] });
    for (const ctx of tenants)
      expect((await openConnection(ctx, 's-3', 'siem')).secrets.apiKey).toMatch(new RegExp(`^${ctx.tenant.slug}-3-`));
    await updateConnection(tenants[0]!, { id: 's-3', secrets: { apiKey: 'one-3-999' } });
    expect((await openConnection(tenants[0]!, 's-3', 'siem')).secrets.apiKey).toBe('one-3-999');
    serveTestConnections({ keys: [older, newer] });
    await rotateKeys(operator);
  });

  it('of two at once leaves every secret readable', async () => {
    serveTestConnections({ keys: ['a new encryption key of 32 characters or more'] });
    await Promise.all([rotateKeys(operator), rotateKeys(operator)]);
    for (let index = 0; index < ROWS; index += 1)
      expect((await openConnection(tenants[0]!, `s-${index}`, 'siem')).secrets.apiKey).toMatch(/^one-/);
  });
});
