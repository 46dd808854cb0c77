import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { openPool, type Pool, urlForRole } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { migrate } from '#db/migrate.ts';
import { roleNames } from '#db/roles.ts';
import { testDatabase } from '#db/testing/index.ts';
import { query, transaction } from '#server/lib/index.ts';
import { asTenantRole, createTenant, findTenantData } from './index.ts';

const { adminUrl, rolePrefix } = inject('testServer');
const shared = await testDatabase();

describe('createTenant', () => {
  it('gives the tenant a role and a schema of its own, once, also when asked twice at once', async () => {
    const input = { slug: 'acme', name: 'Acme' };
    const made = await Promise.all([1, 2, 3].map(() => createTenant(shared.owner, input)));
    expect(new Set(made.map((tenant) => tenant.id)).size).toBe(1);
    const [row] =
      await shared.owner`select count(*)::int as tenants, bool_and(to_regnamespace(schema_name) is not null) as "hasSchema",
      bool_and(to_regrole(role_name) is not null) as "hasRole" from tenants where slug = 'acme'`;
    expect(row).toEqual({ tenants: 1, hasSchema: true, hasRole: true });
  });

  it.each(['', 'Acme', '1st', 'has space', 'a'.repeat(41), 'drop"schema'])('refuses the slug %j', async (slug) => {
    await expect(createTenant(shared.owner, { slug, name: 'x' })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  it('keeps two tenants whose slugs differ in a dash apart', async () => {
    const one = await createTenant(shared.owner, { slug: 'a-b', name: 'x' });
    const two = await createTenant(shared.owner, { slug: 'ab', name: 'x' });
    const data = await Promise.all([one, two].map(({ id }) => dataOf(shared.app, id)));
    expect(new Set(data.map((tenant) => tenant.schemaName)).size).toBe(2);
    expect(new Set(data.map((tenant) => tenant.roleName)).size).toBe(2);
  });
});

const dataOf = (pool: Pool, tenantId: string) => transaction(pool, { tenantId }, (tx) => findTenantData(tx, tenantId));

/** What PostgreSQL says to one statement run as the tenant's role. */
function asTenant(pool: Pool, tenantId: string, statement: string): Promise<unknown> {
  return transaction(pool, { tenantId }, async (tx) => {
    const data = await findTenantData(tx, tenantId);
    return asTenantRole(tx, data, { statementTimeoutMs: 5_000 }, (connection) => connection.unsafe(statement));
  });
}

describe("a tenant's role", () => {
  let acme: string;
  let other: { id: string; schemaName: string };

  beforeAll(async () => {
    acme = (await createTenant(shared.owner, { slug: 'acme', name: 'Acme' })).id;
    const { id } = await createTenant(shared.owner, { slug: 'other', name: 'Other' });
    other = { id, schemaName: (await dataOf(shared.app, id)).schemaName };
    await asTenant(shared.worker, id, `create table ${other.schemaName}.secrets (n int)`);
  });

  it('owns its schema: it makes, fills and reads tables there', async () => {
    const { schemaName } = await dataOf(shared.worker, acme);
    await asTenant(
      shared.worker,
      acme,
      `create table ${schemaName}.facts (n int); insert into ${schemaName}.facts values (7)`,
    );
    expect(await asTenant(shared.app, acme, `select n from ${schemaName}.facts`)).toEqual([{ n: 7 }]);
  });

  it.each([
    ['reads no table of ours', () => 'select * from public.pipelines'],
    ['reads no tenant', () => 'select * from public.tenants'],
    ["enters no other tenant's schema", () => `select * from ${other.schemaName}.secrets`],
    ['makes nothing in public', () => 'create table public.mine (n int)'],
    ['makes no schema', () => 'create schema mine'],
    ['changes no setting by function', () => "select pg_catalog.set_config('mainspring.tenant_id', 'x', true)"],
    ['does not sleep', () => 'select pg_catalog.pg_sleep(1)'],
    ['takes no lock of ours', () => 'select pg_catalog.pg_advisory_xact_lock(1718382455)'],
    ['runs no text', () => "select pg_catalog.query_to_xml('select 1', true, true, '')"],
    ['opens no session of a user', () => 'select public.auth_login(null)'],
    ['lists no tenants', () => 'select public.queue_tenants()'],
  ])('%s', async (_what, statement) => {
    await expect(asTenant(shared.worker, acme, statement())).rejects.toMatchObject({ code: '42501' });
  });

  it('is left again: afterwards the transaction is itself, with its search path', async () => {
    const [after] = await transaction(shared.app, { tenantId: acme }, async (tx) => {
      await asTenantRole(tx, await findTenantData(tx, acme), { statementTimeoutMs: 5_000 }, async () => undefined);
      return query(
        tx,
        sql`select current_user as role, current_setting('search_path') as path, (select count(*)::int from tenants) as seen`,
      );
    });
    expect(after).toEqual({ role: `${rolePrefix}_app`, path: 'public', seen: 1 });
  });
});

describe('an owner that is no superuser but may create roles', () => {
  const owner = `${rolePrefix}_${randomBytes(3).toString('hex')}`;
  const password = randomBytes(12).toString('hex');
  const prefix = `${owner}i`;
  const passwords = { app: password, worker: password };
  const pools: Pool[] = [];
  let ownerUrl: string;

  beforeAll(async () => {
    const admin = postgres(adminUrl, { max: 1 });
    await admin.unsafe(`create role "${owner}" login createrole password '${password}'`);
    await admin.unsafe(`create database "${owner}" owner "${owner}"`);
    await admin.end();
    const url = new URL(adminUrl);
    url.pathname = `/${owner}`;
    ownerUrl = urlForRole(url.toString(), owner, password);
  });

  afterAll(async () => {
    await Promise.all(pools.map((pool) => pool.end({ timeout: 2 })));
    const admin = postgres(adminUrl, { max: 1, onnotice: () => undefined });
    await admin.unsafe(`drop database if exists "${owner}" with (force)`);
    const made = await admin<
      { name: string }[]
    >`select rolname as name from pg_roles where starts_with(rolname, ${`${prefix}_`})`;
    for (const { name } of made) await admin.unsafe(`drop role "${name}"`);
    await admin.unsafe(`drop role "${owner}"`);
    await admin.end();
  });

  it('migrates twice, creates a tenant, and app and worker serve it', async () => {
    const said: string[] = [];
    await migrate({ ownerUrl, rolePrefix: prefix, passwords, log: (line) => said.push(line) });
    await migrate({ ownerUrl, rolePrefix: prefix, passwords });
    expect(said).toEqual([expect.stringContaining('not a superuser')]);

    const open = (url: string) => {
      const pool = openPool({ url, max: 2, applicationName: 'test' });
      pools.push(pool);
      return pool;
    };
    const roles = roleNames(prefix);
    const app = open(urlForRole(ownerUrl, roles.app, password));
    const worker = open(urlForRole(ownerUrl, roles.worker, password));
    const tenant = await createTenant(open(ownerUrl), { slug: 'acme', name: 'Acme' });
    const again = await createTenant(pools[2]!, { slug: 'acme', name: 'Acme' });
    expect(again).toEqual(tenant);

    const { schemaName } = await dataOf(app, tenant.id);
    await asTenant(
      worker,
      tenant.id,
      `create table ${schemaName}.facts (n int); insert into ${schemaName}.facts values (7)`,
    );
    expect(await asTenant(app, tenant.id, `select n from ${schemaName}.facts`)).toEqual([{ n: 7 }]);
    const hidden = await transaction(app, {}, (tx) => query(tx, sql`select id from tenants`));
    expect(hidden).toEqual([]);
    const [key] = await transaction(app, {}, (tx) => query(tx, sql`select count(*)::int as n from auth_key('\\x00')`));
    expect(key).toEqual({ n: 0 });
  });
});
