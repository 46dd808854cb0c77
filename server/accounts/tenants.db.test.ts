import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { type Ask, makeKey, openHouse } from '#server/http/testing/index.ts';
import { INSTALLATION, type Tenant } from '#server/tenancy/index.ts';
import { findInvite } from './index.ts';

const db = await testDatabase();
const house = await openHouse(db);
let acme: Tenant;
let asRoot: Ask;
let asAdmin: Ask;

beforeAll(async () => {
  acme = await house.tenant('acme');
  const root = await house.person('root@example.org', [], { isInstanceOperator: true });
  asRoot = (await house.session(root)).ask;
  asAdmin = (await house.session(await house.person('admin@example.org', [[acme, 'admin']]))).ask;
});

const tokenIn = (linkPath: unknown) => new URL(String(linkPath), 'http://localhost').searchParams.get('token') ?? '';

describe('the instance operator', () => {
  it('makes a tenant with its role, schema and first admin’s invite, all at once', async () => {
    const { status, body } = await asRoot('POST /tenants', {
      ...{ slug: 'fresh-one', name: 'Fresh', adminEmail: 'First@fresh.example' },
    });
    expect([body, status]).toEqual([body, 201]);
    expect(body).toMatchObject({
      tenant: { slug: 'fresh-one' },
      invite: { email: 'first@fresh.example', role: 'admin' },
    });
    expect(await findInvite(db.app, tokenIn(body.linkPath))).toMatchObject({ tenantName: 'Fresh', role: 'admin' });
    const [row] = await db.owner`select to_regnamespace(schema_name) is not null as "hasSchema",
      to_regrole(role_name) is not null as "hasRole" from tenants where slug = 'fresh-one'`;
    expect(row).toEqual({ hasSchema: true, hasRole: true });
    const { id } = body.tenant as { id: string };
    expect((await house.audit(INSTALLATION.id)).at(-1)).toMatchObject({
      ...{ action: 'tenant.create', actorId: 'root@example.org', targetId: id },
    });
    expect((await house.audit(id)).map((entry) => entry.action)).toEqual(['user.invite', 'tenant.create']);
  });

  it('leaves nothing behind when the slug is taken or bad', async () => {
    const count = async () => (await db.owner<{ n: number }[]>`select count(*)::int as n from tenants`)[0]!.n;
    const before = await count();
    const make = (slug: string) => asRoot('POST /tenants', { slug, name: 'X', adminEmail: 'x@example.org' });
    expect(await make('acme')).toMatchObject({ status: 409, body: { code: 'TENANT_SLUG_TAKEN' } });
    for (const slug of ['Acme', '1st', 'a b', 'drop"schema', ''])
      expect([slug, (await make(slug)).status]).toEqual([slug, 400]);
    expect(await count()).toBe(before);
  });

  it('makes one tenant, and tells its link once, for two requests with one Idempotency-Key', async () => {
    const input = { slug: 'idem', name: 'Idem', adminEmail: 'x@idem.example' };
    const headers = { 'idempotency-key': 'tenant-1' };
    const first = await asRoot('POST /tenants', input, headers);
    expect(await asRoot('POST /tenants', input, headers)).toEqual({
      status: 201,
      body: { ...first.body, linkPath: null },
    });
  });

  it('lists all tenants, page by page', async () => {
    const slugs: string[] = [];
    let cursor: unknown = null;
    do {
      const { body } = await asRoot(`GET /tenants?limit=1${cursor ? `&cursor=${cursor}` : ''}`);
      slugs.push(...(body.items as { slug: string }[]).map(({ slug }) => slug));
      cursor = body.nextCursor;
    } while (cursor);
    expect(slugs).toEqual([...slugs].sort());
    expect(slugs).toContain('acme');
    expect((await asRoot('GET /tenants?search=acme')).body.items).toMatchObject([{ userCount: 1, adminCount: 1 }]);
  });

  it('suspends a tenant, whose people and keys are out at the very next request in every process, and resumes it', async () => {
    const beta = await house.tenant('beta');
    const person = await house.session(await house.person('bea@example.org', [[beta, 'admin']]));
    const withKey = house.withKey(await makeKey(db, beta));
    expect((await asRoot('POST /tenants/beta/suspend', { reason: '' })).status).toBe(400);
    expect(await asRoot('POST /tenants/beta/suspend', { reason: 'unpaid' })).toMatchObject({
      status: 200,
      body: { status: 'suspended', suspendReason: 'unpaid', suspendedBy: 'root@example.org' },
    });
    for (let process = 0; process < 2; process += 1) {
      expect(await withKey('GET /pipelines')).toMatchObject({ status: 403, body: { code: 'TENANT_SUSPENDED' } });
      expect((await person.ask('GET /pipelines')).status).toBe(403);
    }
    expect(await asRoot(`POST /tenants/${beta.id}/resume`)).toMatchObject({
      status: 200,
      body: { status: 'active', suspendReason: null, suspendedAt: null },
    });
    expect((await withKey('GET /pipelines')).status).toBe(200);
    expect((await person.ask('GET /pipelines')).status).toBe(200);
    for (const log of [beta.id, INSTALLATION.id])
      expect((await house.audit(log)).slice(-2).map((entry) => entry.action)).toEqual([
        'tenant.suspend',
        'tenant.resume',
      ]);
  });

  it('lets another admin in where the first never came', async () => {
    const { body } = await asRoot('POST /tenants/acme/admin-invites', { email: 'second@example.org' });
    expect(await findInvite(db.app, tokenIn(body.linkPath))).toMatchObject({
      role: 'admin',
      tenantName: 'Tenant acme',
    });
    expect((await asRoot('POST /tenants/nowhere/admin-invites', { email: 'x@example.org' })).status).toBe(404);
  });
});

describe('an admin of a tenant, and a key with every scope,', () => {
  it.each([
    ['GET /tenants', {}],
    ['POST /tenants', { slug: 'evil', name: 'Evil', adminEmail: 'evil@example.org' }],
    ['POST /tenants/acme/suspend', { reason: 'evil' }],
    ['POST /tenants/acme/resume', {}],
    ['POST /tenants/acme/admin-invites', { email: 'evil@example.org' }],
    ['POST /reset-links', { email: 'root@example.org' }],
  ])('may not %s', async (route, body) => {
    expect(await asAdmin(route, body)).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
    const key = await makeKey(db, acme);
    expect(await house.withKey(key)(route, body)).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
  });
});
