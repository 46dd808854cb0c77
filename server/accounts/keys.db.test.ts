import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { type Ask, makeKey, openHouse } from '#server/http/testing/index.ts';
import type { Tenant } from '#server/tenancy/index.ts';

const db = await testDatabase();
const house = await openHouse(db);
let acme: Tenant;
let asAda: Ask;

beforeAll(async () => {
  acme = await house.tenant('acme');
  asAda = (await house.session(await house.person('ada@example.org', [[acme, 'admin']]))).ask;
});

type Key = { id: string; key: string; prefix: string; expiresAt: string | null };
async function create(input: object = {}): Promise<Key> {
  const { status, body } = await asAda('POST /keys', { name: 'ci', scopes: ['pipelines:read'], ...input });
  expect([body, status]).toEqual([body, 201]);
  return body as Key;
}

/** Everything that the database keeps, as text. */
async function everythingKept(): Promise<string> {
  const tables = await db.owner<
    { name: string }[]
  >`select tablename as name from pg_tables where schemaname = 'public'`;
  const texts = await Promise.all(
    tables.map(
      ({ name }) =>
        db.owner<{ text: string }[]>`select coalesce(string_agg(t::text, ' '), '') as text from ${db.owner(name)} t`,
    ),
  );
  return texts.map(([row]) => row!.text).join('\n');
}

describe('an API key', () => {
  it('works at once, in every process, with its scopes and no others', async () => {
    const { key } = await create();
    for (let process = 0; process < 2; process += 1)
      expect((await house.withKey(key)('GET /pipelines')).status).toBe(200);
    expect((await house.withKey(key)('GET /runs')).status).toBe(403);
  });

  it('is refused from the very next request on after it was revoked, in every process, and stays so', async () => {
    const { id, key } = await create();
    expect((await house.withKey(key)('GET /pipelines')).status).toBe(200);
    const first = await asAda(`POST /keys/${id}/revoke`);
    for (let process = 0; process < 2; process += 1)
      expect(await house.withKey(key)('GET /pipelines')).toMatchObject({
        status: 401,
        body: { code: 'UNAUTHENTICATED' },
      });
    expect(await asAda(`POST /keys/${id}/revoke`)).toEqual(first);
  });

  it('is in the list with its maker and last use, and after its end only when all are asked for', async () => {
    const { id, key, prefix } = await create({ name: 'listed', expiresInDays: 30 });
    await house.withKey(key)('GET /pipelines');
    const find = async (query = '') =>
      ((await asAda(`GET /keys${query}`)).body.items as { id: string }[]).find((item) => item.id === id);
    expect(await find()).toMatchObject({
      ...{ name: 'listed', prefix, status: 'active', createdBy: 'ada@example.org', scopes: ['pipelines:read'] },
      lastUsedAt: expect.any(String),
      revokedAt: null,
    });
    await asAda(`POST /keys/${id}/revoke`);
    expect(await find()).toBeUndefined();
    expect(await find('?state=all')).toMatchObject({ status: 'revoked' });
    expect(JSON.stringify((await asAda('GET /keys?state=all')).body)).not.toContain(key);
  });

  it('ends when its days are over, by the database’s clock', async () => {
    const { id, key, expiresAt } = await create({ expiresInDays: 1 });
    expect(Math.abs(Date.parse(expiresAt!) - Date.now() - 86_400_000)).toBeLessThan(600_000);
    await db.owner`update api_keys set expires_at = now() - interval '1 second' where id = ${id}`;
    expect((await house.withKey(key)('GET /pipelines')).status).toBe(401);
    expect(
      ((await asAda('GET /keys?state=all')).body.items as { id: string; status: string }[]).find(
        (one) => one.id === id,
      ),
    ).toMatchObject({ status: 'expired' });
  });

  it('is kept nowhere but as a hash: not in the audit log, not with an Idempotency-Key', async () => {
    const headers = { 'idempotency-key': 'make-a-key' };
    const input = { name: 'once', scopes: ['runs:read'] };
    const first = await asAda('POST /keys', input, headers);
    const again = await asAda('POST /keys', input, headers);
    expect(first).toMatchObject({ status: 201, body: { key: expect.stringMatching(/^ms_/) } });
    expect(again).toEqual({ status: 201, body: { ...first.body, key: null } });
    expect(await everythingKept()).not.toContain(String(first.body.key).slice(9));
    const { items } = (await asAda('GET /keys')).body as { items: { name: string }[] };
    expect(items.filter(({ name }) => name === 'once')).toHaveLength(1);
  });

  it('can be given no more than its maker has', async () => {
    const making = house.withKey(await makeKey(db, acme, ['keys:write', 'runs:read']));
    expect(await making('POST /keys', { name: 'more', scopes: ['runs:read', 'users:write'] })).toMatchObject({
      status: 403,
      body: { code: 'FORBIDDEN', message: expect.stringContaining('users:write') },
    });
    expect((await making('POST /keys', { name: 'same', scopes: ['runs:read'] })).status).toBe(201);
  });

  it.each([['account:write'], ['tenants:write'], ['everything']])('cannot be given %s', async (scope) => {
    expect(await asAda('POST /keys', { name: 'x', scopes: [scope] })).toMatchObject({
      status: 400,
      body: { code: 'INPUT_INVALID' },
    });
  });

  it('of another tenant is not to be found', async () => {
    const beta = await house.tenant('beta');
    const asBea = (await house.session(await house.person('bea@example.org', [[beta, 'admin']]))).ask;
    const { id, key } = await create();
    expect(await asBea(`POST /keys/${id}/revoke`)).toMatchObject({ status: 404, body: { code: 'KEY_NOT_FOUND' } });
    expect((await asBea('GET /keys?state=all')).body.items).toEqual([]);
    expect((await house.withKey(key)('GET /pipelines')).status).toBe(200);
  });
});
