import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { makeKey, openHouse } from '#server/http/testing/index.ts';
import type { Tenant } from '#server/tenancy/index.ts';

const db = await testDatabase();
const house = await openHouse(db);
const t: Record<'acme' | 'beta' | 'closed' | 'foreign', Tenant> = {} as never;
let ada: string;

beforeAll(async () => {
  for (const slug of ['acme', 'beta', 'closed', 'foreign'] as const) t[slug] = await house.tenant(slug);
  await db.owner`update tenants set status = 'suspended' where slug = 'closed'`;
  ada = await house.person('ada@example.org', [
    [t.acme, 'admin'],
    [t.beta, 'viewer'],
    [t.closed, 'admin'],
  ]);
});

describe('GET /me', () => {
  it('tells a person their tenants, roles and scopes, and which tenant is the current one', async () => {
    const { ask } = await house.session(ada);
    const { status, body } = await ask('GET /me');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      user: { id: ada, email: 'ada@example.org', name: 'ada', isInstanceOperator: false },
      key: null,
      tenant: { slug: 'acme' },
      role: 'admin',
      tenants: [
        { slug: 'acme', role: 'admin', status: 'active', isCurrent: true },
        { slug: 'beta', role: 'viewer', status: 'active', isCurrent: false },
        { slug: 'closed', role: 'admin', status: 'suspended', isCurrent: false },
      ],
    });
    expect(body.scopes).toEqual(expect.arrayContaining(['users:write', 'account:write']));
    expect(body.scopes).not.toEqual(expect.arrayContaining(['tenants:read']));
  });

  it('tells a key its tenant and scopes, whatever these are', async () => {
    const { body } = await house.withKey(await makeKey(db, t.beta, ['runs:read']))('GET /me');
    expect(body).toMatchObject({ user: null, tenant: { slug: 'beta' }, role: null, tenants: [] });
    expect(body.scopes).toEqual(['runs:read', 'account:read']);
  });

  it('answers a person who is in no tenant, and nobody without a credential', async () => {
    const { ask } = await house.session(await house.person('nomad@example.org', []));
    expect(await ask('GET /me')).toMatchObject({ status: 200, body: { tenant: null, role: null, tenants: [] } });
    expect(await ask('GET /pipelines')).toMatchObject({ status: 403, body: { code: 'TENANT_REQUIRED' } });
    expect(await house.anonymous('GET /me')).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });
  });
});

describe('switching the tenant', () => {
  it('moves this session in every process from the next request on, and no other session', async () => {
    const [one, two] = [await house.session(ada), await house.session(ada)];
    expect(await one.ask('POST /me/tenant', { tenant: 'beta' })).toEqual({
      status: 200,
      body: { tenant: t.beta, role: 'viewer' },
    });
    for (let process = 0; process < 2; process += 1)
      expect(await one.ask('GET /me')).toMatchObject({ body: { tenant: { slug: 'beta' }, role: 'viewer' } });
    expect(await one.ask('POST /pipelines', { document: {} })).toMatchObject({ status: 403 });
    expect(await two.ask('GET /me')).toMatchObject({ body: { tenant: { slug: 'acme' } } });
    expect(await one.ask('POST /me/tenant', { tenant: t.acme.id })).toMatchObject({ status: 200 });
  });

  it('is remembered by the next sign-in', async () => {
    const { ask } = await house.session(ada);
    await ask('POST /me/tenant', { tenant: 'beta' });
    expect(await (await house.session(ada)).ask('GET /me')).toMatchObject({ body: { tenant: { slug: 'beta' } } });
    await (await house.session(ada)).ask('POST /me/tenant', { tenant: 'acme' });
  });

  it('answers for a tenant that is not theirs as for one that is nowhere', async () => {
    const { ask } = await house.session(ada);
    for (const tenant of ['foreign', t.foreign.id, 'nowhere', '0190a000-0000-7000-8000-000000000000'])
      expect(await ask('POST /me/tenant', { tenant })).toMatchObject({
        status: 404,
        body: { code: 'TENANT_NOT_FOUND', message: `you belong to no tenant "${tenant}"` },
      });
    expect(await ask('POST /me/tenant', { tenant: 'closed' })).toMatchObject({
      status: 403,
      body: { code: 'TENANT_SUSPENDED' },
    });
    expect(await ask('GET /me')).toMatchObject({ body: { tenant: { slug: 'acme' } } });
  });

  it('is written to the audit log of the tenant that was entered', async () => {
    const { ask } = await house.session(ada);
    await ask('POST /me/tenant', { tenant: 'beta' });
    expect((await house.audit(t.beta.id)).at(-1)).toMatchObject({
      action: 'session.switch',
      actorId: 'ada@example.org',
      targetId: t.beta.id,
    });
    await ask('POST /me/tenant', { tenant: 'acme' });
  });

  it('is nothing that a key can do', async () => {
    const ask = house.withKey(await makeKey(db, t.acme));
    expect(await ask('POST /me/tenant', { tenant: 'beta' })).toMatchObject({
      status: 403,
      body: { code: 'FORBIDDEN' },
    });
  });

  it('leads out of a tenant that was suspended meanwhile', async () => {
    const { ask } = await house.session(ada);
    await db.owner`update tenants set status = 'suspended' where slug = 'acme'`;
    try {
      expect(await ask('GET /pipelines')).toMatchObject({ status: 403 });
      expect(await ask('GET /me')).toMatchObject({ status: 200, body: { tenant: null } });
      expect(await ask('POST /me/tenant', { tenant: 'beta' })).toMatchObject({ status: 200 });
      expect(await ask('GET /pipelines')).toMatchObject({ status: 200 });
    } finally {
      await db.owner`update tenants set status = 'active' where slug = 'acme'`;
    }
  });

  it('sent twice with one Idempotency-Key is done once, and another person may use the same key', async () => {
    const bob = await house.person('bob@example.org', [[t.beta, 'viewer']]);
    const [mine, theirs] = [await house.session(ada), await house.session(bob)];
    const headers = { 'idempotency-key': 'switch-1' };
    await mine.ask('POST /me/tenant', { tenant: 'beta' });
    const first = await mine.ask('POST /me/tenant', { tenant: 'beta' }, headers);
    expect(await mine.ask('POST /me/tenant', { tenant: 'beta' }, headers)).toEqual(first);
    expect(await theirs.ask('POST /me/tenant', { tenant: 'beta' }, headers)).toMatchObject({ status: 200 });
    await theirs.ask('POST /me/tenant', { tenant: 'beta' });
    const rows = (await house.audit(t.beta.id)).filter((row) => row.action === 'session.switch');
    expect(rows.filter((row) => row.actorId === 'bob@example.org')).toHaveLength(2);
  });
});
