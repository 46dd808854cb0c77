import type postgres from 'postgres';
import { beforeAll, describe, expect, it } from 'vitest';
import { TABLE_ACCESS } from './access.ts';
import {
  AUTH_FUNCTIONS,
  DANGEROUS_FUNCTIONS,
  OWNER_FUNCTIONS,
  WORKER_FUNCTIONS,
  WORKER_OWNER_FUNCTIONS,
} from './access-functions.ts';
import type { Pool } from './client.ts';
import { roleNames } from './roles.ts';
import { type FilledTenant, fillTenant } from './testing/fill-tenant.ts';
import { testDatabase } from './testing/index.ts';

const db = await testDatabase();
const roles = roleNames(db.rolePrefix);
const tenantTables = Object.entries(TABLE_ACCESS).filter(([, access]) => access.tenantColumn !== null);
let mine: FilledTenant;
let theirs: FilledTenant;

async function makeTenant(slug: string): Promise<FilledTenant> {
  const [tenant] = await db.owner<{ id: string; slug: string }[]>`
    insert into tenants (slug, name, schema_name, role_name) values (${slug}, ${slug}, ${slug}, ${slug}) returning id, slug`;
  return fillTenant(db.owner, tenant!);
}

beforeAll(async () => {
  mine = await makeTenant('mine');
  theirs = await makeTenant('theirs');
});

/** Runs as a role for one tenant; `null` leaves the setting unset. */
function asTenant<T>(pool: Pool, tenantId: string | null, run: (tx: postgres.TransactionSql) => Promise<T>) {
  return pool.begin(async (tx) => {
    if (tenantId !== null) await tx`select set_config('mainspring.tenant_id', ${tenantId}, true)`;
    return run(tx);
  });
}

async function tenantsSeen(pool: Pool, table: string, tenantId: string | null): Promise<string[]> {
  const column = TABLE_ACCESS[table]!.tenantColumn!;
  const rows = await asTenant(
    pool,
    tenantId,
    (tx) => tx<{ id: string }[]>`select distinct ${tx(column)} as id from ${tx(table)}`,
  );
  return rows.map((row) => row.id).sort();
}

type Relation = { name: string; isPartition: boolean; hasRls: boolean; isForced: boolean; hasTenant: boolean };
const relations = () => db.owner<Relation[]>`
  select c.relname as name, c.relispartition as "isPartition", c.relrowsecurity as "hasRls",
    c.relforcerowsecurity as "isForced",
    exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped) as "hasTenant"
  from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f') order by 1`;

describe('the live catalogue', () => {
  it('has exactly the tables that are declared', async () => {
    const live = (await relations()).filter((one) => !one.isPartition).map((one) => one.name);
    expect(live).toEqual(Object.keys(TABLE_ACCESS).sort());
  });

  it('forces row security on every table with a tenant, and on tenants itself', async () => {
    const live = (await relations()).filter((one) => !one.isPartition);
    const secured = live.filter((one) => one.hasRls && one.isForced).map((one) => one.name);
    expect(secured).toEqual(tenantTables.map(([name]) => name).sort());
    // Sessions name the tenant that the user chose; they are read before any is set, by the auth role alone.
    const withTenant = live.filter((one) => one.hasTenant && !secured.includes(one.name)).map((one) => one.name);
    expect(withTenant).toEqual(['sessions']);
  });

  it('grants each role exactly what is declared, and nothing on partitions, columns or sequences', async () => {
    const live = await db.owner<{ table: string; grantee: string; verb: string }[]>`
      select c.relname as table, case a.grantee when 0 then 'PUBLIC' else a.grantee::regrole::text end as grantee,
        a.privilege_type as verb
      from pg_class c cross join lateral (
        select (aclexplode(c.relacl)).* union all
        select (aclexplode(t.attacl)).* from pg_attribute t where t.attrelid = c.oid) a
      where c.relnamespace = 'public'::regnamespace and a.grantee <> c.relowner`;
    const declared = Object.entries(TABLE_ACCESS).flatMap(([table, access]) => [
      ...access.app.map((verb) => `${table} ${roles.app} ${verb}`),
      ...access.worker.map((verb) => `${table} ${roles.worker} ${verb}`),
      ...(access.auth ?? []).map((verb) => `${table} ${roles.auth} ${verb}`),
    ]);
    expect(live.map(({ table, grantee, verb }) => `${table} ${grantee} ${verb}`).sort()).toEqual(declared.sort());
  });

  it('gives no serving role a power over roles, databases or row security', async () => {
    // Tenants' roles are left out: they belong to the cluster, and other files of this run make some meanwhile.
    const live = await db.owner`
      select rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolcanlogin, rolinherit,
        (select array_agg(b.rolname) from pg_auth_members m join pg_roles b on b.oid = m.roleid
          where m.member = r.oid and not starts_with(b.rolname, ${`${db.rolePrefix}_t_`})) as "memberOf"
      from pg_roles r where rolname in (${roles.app}, ${roles.worker}, ${roles.auth}) order by rolname`;
    const none = {
      rolsuper: false,
      rolbypassrls: false,
      rolcreaterole: false,
      rolcreatedb: false,
      rolreplication: false,
    };
    expect(live).toEqual([
      { rolname: roles.app, ...none, rolcanlogin: true, rolinherit: false, memberOf: null },
      { rolname: roles.auth, ...none, rolcanlogin: false, rolinherit: true, memberOf: null },
      { rolname: roles.worker, ...none, rolcanlogin: true, rolinherit: false, memberOf: null },
    ]);
  });

  it('begins every primary key under row security with the tenant, but for the keys that must hold across time', async () => {
    const keys = await db.owner<{ table: string; columns: string[] }[]>`
      select c.relname as table, (select array_agg(a.attname::text order by k.place) from unnest(i.indkey::int2[])
        with ordinality k(attnum, place) join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum) as columns
      from pg_index i join pg_class c on c.oid = i.indrelid
      where i.indisprimary and c.relnamespace = 'public'::regnamespace and not c.relispartition`;
    const first = new Map(keys.map((key) => [key.table, key.columns]));
    const others = tenantTables.filter(([name]) => first.get(name)?.[0] !== 'tenant_id').map(([name]) => name);
    expect(others.sort()).toEqual(['occurrences', 'run_queue', 'tenants']);
    expect(first.get('occurrences')).toEqual(['schedule_id', 'due_at']);
  });

  it('ties a row to one of its own tenant only: foreign keys between tenants’ tables carry the tenant', async () => {
    const ties = await db.owner<{ name: string; columns: string[]; target: string; targets: string[] }[]>`
      select c.conname as name, c.confrelid::regclass::text as target,
        (select array_agg(a.attname::text order by k.place) from unnest(c.conkey) with ordinality k(attnum, place)
          join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.attnum) as columns,
        (select array_agg(a.attname::text order by k.place) from unnest(c.confkey) with ordinality k(attnum, place)
          join pg_attribute a on a.attrelid = c.confrelid and a.attnum = k.attnum) as targets
      from pg_constraint c join pg_class r on r.oid = c.conrelid
      where c.contype = 'f' and c.conparentid = 0 and c.connamespace = 'public'::regnamespace and not r.relispartition`;
    expect(ties.length).toBeGreaterThan(3);
    const secured = new Map(tenantTables.map(([name, access]) => [name, access.tenantColumn]));
    const loose = ties
      .filter(({ target }) => secured.get(target) === 'tenant_id')
      .filter(({ columns, targets }) => columns[targets.indexOf('tenant_id')] !== 'tenant_id');
    expect(loose).toEqual([]);
  });

  it('pins the search path of security-definer functions, which the auth role or the owner owns and PUBLIC may not call', async () => {
    const live = await db.owner<{ name: string; owner: string; config: string[]; callers: string[] }[]>`
      select p.oid::regprocedure::text as name, p.proowner::regrole::text as owner, p.proconfig as config,
        (select array_agg(case a.grantee when 0 then 'PUBLIC' else a.grantee::regrole::text end order by a.grantee::regrole::text)
          from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee <> p.proowner) as callers
      from pg_proc p where p.prosecdef and p.pronamespace = 'public'::regnamespace order by 1`;
    const config = ['search_path=pg_catalog, public, pg_temp'];
    const spelled = (signature: string) => signature.replaceAll(/\bint\b/g, 'integer').replaceAll(', ', ',');
    const [owner] = await db.owner<{ name: string }[]>`select current_user::regrole::text as name`;
    const declared = [
      // One that both may call is in both lists.
      ...[...new Set([...AUTH_FUNCTIONS, ...WORKER_FUNCTIONS])].map((name) => ({
        ...{ name: spelled(name), owner: roles.auth, config },
        callers: [
          ...(AUTH_FUNCTIONS.includes(name) ? [roles.app] : []),
          ...(WORKER_FUNCTIONS.includes(name) ? [roles.worker] : []),
        ],
      })),
      ...OWNER_FUNCTIONS.map((name) => ({ name: spelled(name), owner: owner!.name, config, callers: [roles.app] })),
      ...WORKER_OWNER_FUNCTIONS.map((name) => ({
        name: spelled(name),
        owner: owner!.name,
        config,
        callers: [roles.worker],
      })),
    ];
    expect(live).toEqual(declared.sort((a, b) => (a.name < b.name ? -1 : 1)));
  });

  it('keeps waiting, locking and settings functions from everyone but the serving roles', async () => {
    for (const signature of DANGEROUS_FUNCTIONS) {
      const [row] =
        await db.owner`select has_function_privilege('public', ${`pg_catalog.${signature}`}, 'execute') as anyone,
        has_function_privilege(${roles.app}, ${`pg_catalog.${signature}`}, 'execute') as app`;
      expect([signature, row]).toEqual([signature, { anyone: false, app: true }]);
    }
    const locking = await db.owner`select oid::regprocedure::text as name from pg_proc
      where proname ~ '^pg_(try_)?advisory_.*lock' and proname !~ 'unlock' and has_function_privilege('public', oid, 'execute')`;
    expect(locking).toEqual([]);
  });
});

describe('row security', () => {
  const readable = (role: 'app' | 'worker') => tenantTables.filter(([, access]) => access[role].includes('SELECT'));

  it.each(readable('app'))('%s shows the app its tenant only, and nothing without one', async (table) => {
    expect(await tenantsSeen(db.app, table, mine.tenantId)).toEqual([mine.tenantId]);
    expect(await tenantsSeen(db.app, table, theirs.tenantId)).toEqual([theirs.tenantId]);
    expect(await tenantsSeen(db.app, table, null)).toEqual([]);
    expect(await tenantsSeen(db.app, table, '')).toEqual([]);
  });

  it.each(readable('worker'))(
    '%s shows the worker its tenant, all of them only where it is the queue',
    async (table, access) => {
      const all = [mine.tenantId, theirs.tenantId].sort();
      expect(await tenantsSeen(db.worker, table, mine.tenantId)).toEqual(access.isWorkerWide ? all : [mine.tenantId]);
      expect(await tenantsSeen(db.worker, table, '')).toEqual(access.isWorkerWide ? all : []);
    },
  );

  it.each(tenantTables.filter(([, access]) => access.app.includes('UPDATE')))(
    '%s lets the app change nothing of another tenant, nor give it a row',
    async (table, access) => {
      const column = access.tenantColumn!;
      const change = await asTenant(
        db.app,
        mine.tenantId,
        (tx) => tx`update ${tx(table)} set ${tx(column)} = ${tx(column)} where ${tx(column)} = ${theirs.tenantId}`,
      );
      expect(change.count).toBe(0);
      const give = asTenant(
        db.app,
        mine.tenantId,
        (tx) => tx`update ${tx(table)} set ${tx(column)} = ${theirs.tenantId}`,
      );
      await expect(give).rejects.toMatchObject({ code: '42501' });
    },
  );

  it('refuses a row inserted for another tenant', async () => {
    const insert = (tenantId: string) =>
      asTenant(db.app, mine.tenantId, (tx) => tx`insert into pipelines ${tx({ tenant_id: tenantId, name: 'new' })}`);
    await insert(mine.tenantId);
    await expect(insert(theirs.tenantId)).rejects.toMatchObject({ code: '42501' });
  });

  it('cannot be gone around by naming a partition', async () => {
    const partitions = (await relations()).filter((one) => one.isPartition).map((one) => one.name);
    expect(partitions.length).toBeGreaterThan(30);
    for (const pool of [db.app, db.worker]) {
      for (const name of partitions) {
        const read = asTenant(pool, theirs.tenantId, (tx) => tx`select from ${tx(name)}`);
        await expect(read, name).rejects.toMatchObject({ code: '42501' });
      }
    }
  });

  it('cannot be switched off, nor tables be made, by the app', async () => {
    for (const statement of [
      'alter table runs no force row level security',
      'drop policy own_tenant on runs',
      `set role ${roles.auth}`,
      `set role ${roles.worker}`,
      'create table public.mine (n int)',
      'delete from audit_log',
      'update audit_log set action = action',
    ])
      await expect(db.app.unsafe(statement), statement).rejects.toMatchObject({ code: '42501' });
  });
});
