import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { hashToken, transaction } from '#server/lib/index.ts';
import { authenticate, newApiKey, type Scope, storeApiKey } from './index.ts';

const db = await testDatabase();
const tenants: Record<string, string> = {};

beforeAll(async () => {
  const rows = await db.owner<{ id: string; slug: string }[]>`
    insert into tenants (slug, name, schema_name, role_name, status) values ('acme', 'Acme', 'acme', 'acme', 'active'),
      ('other', 'Other', 'other', 'other', 'active'), ('asleep', 'Asleep', 'asleep', 'asleep', 'suspended') returning id, slug`;
  for (const row of rows) tenants[row.slug] = row.id;
});

type Options = { slug?: string; scopes?: Scope[]; expiresAt?: Date };

async function makeKey({ slug = 'acme', scopes = ['runs:read'], expiresAt }: Options = {}): Promise<string> {
  const key = newApiKey();
  const tenantId = tenants[slug]!;
  await transaction(db.app, { tenantId }, (tx) =>
    storeApiKey(tx, { tenantId, name: 'test', key, scopes, ...(expiresAt ? { expiresAt } : {}) }),
  );
  return key;
}

const ask = (headers: Record<string, string>) => authenticate(db.app, new Headers(headers), 600);
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

describe('an API key', () => {
  it('names its tenant and its scopes, as Bearer and as X-API-Key', async () => {
    const key = await makeKey({ scopes: ['runs:read', 'pipelines:read'] });
    const caller = {
      credential: 'api_key',
      actor: { kind: 'api_key', scopes: ['runs:read', 'pipelines:read'] },
      tenant: { id: tenants.acme, slug: 'acme', name: 'Acme' },
    };
    expect(await ask(bearer(key))).toMatchObject(caller);
    expect(await ask({ 'x-api-key': key })).toMatchObject(caller);
    expect(await ask({ authorization: `bearer ${key}` })).toMatchObject(caller);
  });

  it('has 256 random bits behind its prefix and is stored as a hash', async () => {
    const key = await makeKey();
    expect(key).toMatch(/^ms_[A-Za-z0-9_-]{43}$/);
    const [row] = await db.owner<
      { text: string; hash: Buffer }[]
    >`select k::text as text, key_hash as hash from api_keys k
      where key_hash = ${hashToken(key)}`;
    expect(row?.hash.equals(hashToken(key))).toBe(true);
    expect(row?.text).not.toContain(key);
    expect(row?.text).toContain(key.slice(0, 9));
  });

  it.each([
    ['unknown', async () => newApiKey()],
    ['expired', () => makeKey({ expiresAt: new Date(Date.now() - 1_000) })],
    [
      'revoked',
      async () => {
        const key = await makeKey();
        await db.owner`update api_keys set revoked_at = now() where key_hash = ${hashToken(key)}`;
        return key;
      },
    ],
    ['cut short', async () => (await makeKey()).slice(0, -1)],
    ['longer', async () => `${await makeKey()}x`],
    ['in another case', async () => (await makeKey()).toUpperCase()],
  ])('is refused when it is %s, always in the same words', async (_how, make) => {
    await expect(ask(bearer(await make()))).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      message: 'the API key is unknown, expired or revoked',
    });
  });

  it('is good until the moment it expires', async () => {
    expect(await ask(bearer(await makeKey({ expiresAt: new Date(Date.now() + 60_000) })))).not.toBeNull();
  });

  it('of a suspended tenant is refused as that', async () => {
    await expect(ask(bearer(await makeKey({ slug: 'asleep' })))).rejects.toMatchObject({ code: 'TENANT_SUSPENDED' });
  });

  it('wins over a cookie, also when it is wrong', async () => {
    const cookie = 'mainspring_session=whatever';
    expect(await ask({ ...bearer(await makeKey()), cookie })).toMatchObject({ credential: 'api_key' });
    await expect(ask({ ...bearer(newApiKey()), cookie })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('remembers when it was last used', async () => {
    const key = await makeKey();
    await ask(bearer(key));
    const [row] = await db.owner<{ recent: boolean }[]>`select last_used_at > now() - interval '1 minute' as recent
      from api_keys where key_hash = ${hashToken(key)}`;
    expect(row?.recent).toBe(true);
  });
});

describe('X-Tenant-Id', () => {
  it('may name the tenant of the key by id or slug', async () => {
    const key = await makeKey();
    for (const wanted of [tenants.acme!, 'acme'])
      expect(await ask({ ...bearer(key), 'x-tenant-id': wanted })).toMatchObject({ tenant: { slug: 'acme' } });
  });

  it('is refused when it names another tenant, one that there is or not', async () => {
    const key = await makeKey();
    for (const wanted of [tenants.other!, 'other', 'nowhere', 'Acme'])
      await expect(ask({ ...bearer(key), 'x-tenant-id': wanted })).rejects.toMatchObject({ code: 'TENANT_MISMATCH' });
  });

  it('means nothing without a credential', async () => {
    expect(await ask({ 'x-tenant-id': 'acme' })).toBeNull();
  });
});
