// What a release before has left in a database, brought to this one: by an owner who is no superuser, because more is
// refused to such a one, such as replacing what belongs to the auth role.
import { createHash, randomBytes } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate as runMigrations } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';
import { afterAll, expect, inject, it } from 'vitest';
import { accessStatements } from './access-statements.ts';
import { migrate } from './migrate.ts';
import { roleNames, roleStatements } from './roles.ts';
import { urlOfDatabase, withAdmin } from './testing/admin.ts';

const { adminUrl, rolePrefix } = inject('testServer');
const owner = `${rolePrefix}_${randomBytes(3).toString('hex')}`;
const [prefix, password] = [`${owner}i`, randomBytes(12).toString('hex')];
const passwords = { app: password, worker: password };
const roles = roleNames(prefix);
const folder = await mkdtemp(join(tmpdir(), 'mainspring-older-'));
const urlAs = (role: string) =>
  Object.assign(new URL(urlOfDatabase(adminUrl, owner)), { username: role, password }).toString();
const open = (role: string) => postgres(urlAs(role), { max: 1, onnotice: () => undefined });

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await withAdmin(adminUrl, async (sql) => {
    await sql`drop database if exists ${sql(owner)} with (force)`;
    for (const role of Object.values(roles)) await sql`drop role if exists ${sql(role)}`;
    await sql`drop role if exists ${sql(owner)}`;
  });
});

/** A database as the release left it whose last migration stood before the one of this number. */
async function migrateBefore(idx: number): Promise<void> {
  await withAdmin(adminUrl, async (sql) => {
    await sql.unsafe(`create role "${owner}" login createrole password '${password}'`);
    await sql`create database ${sql(owner)} owner ${sql(owner)}`;
  });
  await cp(fileURLToPath(new URL('./migrations', import.meta.url)), folder, { recursive: true });
  const path = join(folder, 'meta/_journal.json');
  const journal = JSON.parse(await readFile(path, 'utf8')) as { entries: { idx: number }[] };
  const entries = journal.entries.filter((entry) => entry.idx < idx);
  await writeFile(path, JSON.stringify({ ...journal, entries }));
  const sql = open(owner);
  for (const statement of roleStatements(roles, passwords)) await sql.unsafe(statement);
  await runMigrations(drizzle(sql), { migrationsFolder: folder });
  for (const statement of accessStatements(roles)) await sql.unsafe(statement).catch(passOverLater);
  await sql.end();
}

/** What is given here and was not there yet: undefined_table, undefined_column, undefined_function. */
function passOverLater(error: unknown): void {
  if (!(error instanceof postgres.PostgresError) || !['42P01', '42703', '42883'].includes(error.code)) throw error;
}

it('0045 and 0046 take over when sessions were seen and who has left a tenant, as far as it is known, and 0056 every event', async () => {
  await migrateBefore(45);
  const sql = open(owner);
  const tenantId = (
    await sql`insert into tenants (slug, name, schema_name, role_name)
    values ('acme', 'Acme', 't_acme', 'r_acme') returning id`
  )[0]!.id as string;
  const personOf = async (email: string) =>
    (await sql`insert into users (email) values (${email}) returning id`)[0]!.id as string;
  const [ada, bob, cid] = [
    await personOf('ada@x.example'),
    await personOf('bob@x.example'),
    await personOf('c@x.example'),
  ];
  await sql`insert into memberships (tenant_id, user_id, role) values (${tenantId}, ${ada}, 'admin')`;
  const tokenHash = createHash('sha256').update('token').digest();
  await sql`insert into sessions (token_hash, user_id, tenant_id, last_seen_at, expires_at)
    values (${tokenHash}, ${ada}, ${tenantId}, now() - interval '10 minutes', now() + interval '1 day')`;
  const left = (who: string, by: string, days: number, outcome = 'done') =>
    sql`insert into audit_log (tenant_id, actor_kind, actor_id, action, outcome, target_kind, target_id, created_at)
      values (${tenantId}, 'user', ${by}, 'user.remove', ${outcome}, 'user', ${who}, now() - make_interval(days => ${days}))`;
  await left(bob, 'Ada@x.example', 3);
  await left(cid, 'a key', 71);
  await left(ada, 'Ada@x.example', 1, 'refused');
  await left('nobody that there is', 'Ada@x.example', 1);
  await sql`insert into outbox_events (tenant_id, type, key, payload)
    select ${tenantId}, 't.v1', 'k' || n, jsonb_build_object('n', n) from generate_series(1, 5) n`;
  const events = () => sql`select id, seq, key, payload, status::text as status from outbox_events order by seq`;
  const before = await events();
  expect(before).toHaveLength(5);
  // As when the tables have been given to another owner: the policies are for the one before.
  await sql`drop policy owner on outbox_events`;
  expect(await events()).toHaveLength(0);

  await migrate({ ownerUrl: urlAs(owner), rolePrefix: prefix, passwords });
  expect([...(await events())]).toEqual([...before]);
  expect(await sql`select last_used_at = last_seen_at as "isSame" from sessions`).toEqual([{ isSame: true }]);
  const givings = await sql`select user_id as who, giver_id as by, made_for as tenant, by_instance as "byInstance",
      given_at < now() - interval '71 hours' as "isOld" from access_givings where kind = 'left'`;
  expect(givings).toEqual([{ who: bob, by: ada, tenant: tenantId, byInstance: false, isOld: true }]);
  await sql.end();

  const app = open(roles.app);
  const use = (isSign: boolean) => app`select email, role from auth_session(${tokenHash}, 3600, ${isSign})`;
  expect(await use(false)).toEqual([{ email: 'ada@x.example', role: 'admin' }]);
  const [session] = await app`select last_used_at > last_seen_at + interval '9 minutes' as "isUsed"
    from account_sessions(${ada}, null, 3600)`;
  expect(session).toEqual({ isUsed: true });
  expect(await app`select * from approval_beholden('[]', now())`).toEqual([]);
  await app.end();
});
