// Brings a database to this release's schema: roles, migrations under a session lock on the direct URL,
// then row security and grants. Safe to run twice and from two processes at once.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate as runMigrations } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';
import { DANGEROUS_FUNCTIONS } from './access-functions.ts';
import { accessStatements } from './access-statements.ts';
import { laneOf } from './outbox-lane.ts';
import { roleNames, roleStatements } from './roles.ts';

/** "msmg": drizzle's migrator takes no lock of its own. */
const MIGRATION_LOCK = 0x6d736d67;
const MIGRATIONS_FOLDER = fileURLToPath(new URL('./migrations', import.meta.url));
type Journal = { entries: { tag: string; when: number }[] };
const ROLE_PREFIX = /^[a-z][a-z0-9_]{0,30}$/;

export type MigrateOptions = {
  /** The owner's direct URL (not through a transaction pooler). */
  ownerUrl: string;
  /** Roles are cluster-wide: two installations on one server need two prefixes. */
  rolePrefix: string;
  passwords: { app: string; worker: string };
  log?: (line: string) => void;
};

/**
 * @throws when the server is older than PostgreSQL 16, the database is not in UTF8, the role may not create roles, the prefix is taken, the journal
 * has a migration that this database would pass over, or its lanes of events are not this program's.
 */
export async function migrate(options: MigrateOptions): Promise<void> {
  if (!ROLE_PREFIX.test(options.rolePrefix))
    throw new Error(`role prefix "${options.rolePrefix}" must be 1 to 31 of a-z, 0-9 and _, beginning with a letter`);
  const sql = postgres(options.ownerUrl, { max: 1, onnotice: () => {}, connect_timeout: 10 });
  try {
    await checkServer(sql);
    await sql`select pg_advisory_lock(${MIGRATION_LOCK})`;
    await refuseOtherPrefix(sql, options.rolePrefix);
    await refuseSkipped(sql);
    const roles = roleNames(options.rolePrefix);
    for (const statement of roleStatements(roles, options.passwords)) await sql.unsafe(statement);
    await runMigrations(drizzle(sql), { migrationsFolder: MIGRATIONS_FOLDER });
    await checkLanes(sql);
    await claimPrefix(sql, options.rolePrefix);
    await sql`select ms_ensure_partitions(1, 6)`;
    await sql.begin(async (tx) => {
      for (const statement of accessStatements(roles)) await tx.unsafe(statement);
    });
    await revokeDangerous(sql, options.log ?? (() => {}));
  } finally {
    await sql.end({ timeout: 5 });
  }
}

async function checkServer(sql: postgres.Sql): Promise<void> {
  const [row] = await sql<{ version: number; may: boolean; encoding: string }[]>`
    select current_setting('server_version_num')::int as version, current_setting('server_encoding') as encoding,
      (select rolsuper or rolcreaterole from pg_roles where rolname = current_user) as may`;
  if (!row || row.version < 160000)
    throw new Error(`PostgreSQL 16 or newer is needed, this server is ${row?.version ?? 'unknown'}`);
  if (row.encoding !== 'UTF8')
    throw new Error(`the database's encoding is ${row.encoding}, and must be UTF8: CREATE DATABASE … ENCODING 'UTF8'`);
  if (!row.may) throw new Error('the role in DATABASE_URL needs CREATEROLE: ALTER ROLE … CREATEROLE');
}

/** Events of one key would have no order if some were stored by what the database says of lanes, and some by what `laneOf` does. */
async function checkLanes(sql: postgres.Sql): Promise<void> {
  const tenantId = '00000000-0000-7000-8000-000000000000';
  // With a letter that is two bytes in UTF-8, and of lengths that end differently.
  const keys = Array.from({ length: 24 }, (_, n) => 'ä'.padEnd(n + 1, 'x'));
  const rows = await sql<{ key: string; lane: number }[]>`
    select key, outbox_lane(${tenantId}, key) as lane from unnest(${keys}::text[]) key`;
  const other = rows.find(({ key, lane }) => lane !== laneOf(tenantId, key));
  if (!other) return;
  throw new Error(
    `outbox_lane('${tenantId}', '${other.key}') is ${other.lane} in this database and ${laneOf(tenantId, other.key)} in this program: ` +
      'the server must be little-endian, the encoding of the database UTF8, and the function as it was migrated',
  );
}

/**
 * The migrator applies what is newer than the newest that a database has, and nothing else: a migration that came into
 * the journal behind that one would never be applied, and nobody would be told.
 */
async function refuseSkipped(sql: postgres.Sql): Promise<void> {
  const [there] = await sql<
    { isThere: boolean }[]
  >`select to_regclass('drizzle.__drizzle_migrations') is not null as "isThere"`;
  if (!there?.isThere) return;
  const rows = await sql<{ when: string }[]>`select created_at as when from drizzle.__drizzle_migrations`;
  const applied = new Set(rows.map(({ when }) => Number(when)));
  const newest = Math.max(...applied);
  const journal = JSON.parse(await readFile(join(MIGRATIONS_FOLDER, 'meta/_journal.json'), 'utf8')) as Journal;
  const skipped = journal.entries.filter(({ when }) => when < newest && !applied.has(when));
  if (skipped.length === 0) return;
  const last = journal.entries.find(({ when }) => when === newest)?.tag ?? `one of ${newest}, which is not known here`;
  throw new Error(
    `this database has not got ${skipped.map(({ tag, when }) => `${tag} (when ${when})`).join(', ')} and never will: ` +
      `in the journal ${last} comes after, which has been applied. Give a later number and time to what was missed`,
  );
}

/** Before any role is touched: those of a wrong prefix may be another installation's, passwords included. */
async function refuseOtherPrefix(sql: postgres.Sql, rolePrefix: string): Promise<void> {
  const [row] = await sql<
    { isMigrated: boolean }[]
  >`select to_regclass('public.installation') is not null as "isMigrated"`;
  if (row?.isMigrated) await claimPrefix(sql, rolePrefix);
}

async function claimPrefix(sql: postgres.Sql, rolePrefix: string): Promise<void> {
  await sql`insert into installation (role_prefix) values (${rolePrefix}) on conflict do nothing`;
  const [row] = await sql<{ role_prefix: string }[]>`select role_prefix from installation`;
  if (row?.role_prefix !== rolePrefix)
    throw new Error(`this database belongs to role prefix "${row?.role_prefix}", not "${rolePrefix}"`);
}

/** Only a superuser may take these from PUBLIC; without it the expression allow-list stands alone. */
async function revokeDangerous(sql: postgres.Sql, log: (line: string) => void): Promise<void> {
  const [row] = await sql<{ super: boolean; prefix: string }[]>`
    select rolsuper as super, (select role_prefix from installation) as prefix from pg_roles where rolname = current_user`;
  if (!row?.super) {
    log('not a superuser: EXECUTE on set_config, pg_sleep and the lock functions stays with PUBLIC');
    return;
  }
  const roles = roleNames(row.prefix);
  await sql.begin(async (tx) => {
    // Roles of other installations in this database share pg_catalog's grants only within this database.
    for (const signature of DANGEROUS_FUNCTIONS) {
      await tx.unsafe(`REVOKE EXECUTE ON FUNCTION pg_catalog.${signature} FROM PUBLIC`);
      await tx.unsafe(`GRANT EXECUTE ON FUNCTION pg_catalog.${signature} TO "${roles.app}", "${roles.worker}"`);
    }
  });
}
