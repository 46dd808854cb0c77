import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import postgres from 'postgres';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { type MigrateOptions, migrate } from './migrate.ts';
import { roleNames } from './roles.ts';
import { urlOfDatabase, withAdmin } from './testing/admin.ts';
import { testDatabase } from './testing/index.ts';

const { adminUrl, rolePrefix, passwords } = inject('testServer');
const migrated = await testDatabase();
const made: string[] = [];

/** An empty database, dropped at the end. */
async function emptyDatabase(): Promise<MigrateOptions> {
  const name = `${rolePrefix}_${randomBytes(4).toString('hex')}`;
  await withAdmin(adminUrl, (sql) => sql`create database ${sql(name)}`);
  made.push(name);
  return { ownerUrl: urlOfDatabase(adminUrl, name), rolePrefix, passwords };
}

afterAll(() =>
  withAdmin(adminUrl, async (sql) => {
    for (const name of made) await sql`drop database if exists ${sql(name)} with (force)`;
  }),
);

async function inDatabase<T>(options: MigrateOptions, run: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(options.ownerUrl, { max: 1, onnotice: () => undefined });
  try {
    return await run(sql);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** Everything a second migration could change: definitions, grants, policies, the installation, applied files. */
const fingerprint = (options: MigrateOptions) =>
  inDatabase(options, async (sql) => ({
    relations: await sql`select relname, relkind, relacl::text, relrowsecurity, relforcerowsecurity from pg_class
      where relnamespace = 'public'::regnamespace order by 1`,
    policies: await sql`select tablename, policyname, roles::text, qual from pg_policies order by 1, 2`,
    functions: await sql`select oid::regprocedure::text, proowner::regrole::text, proacl::text from pg_proc
      where pronamespace = 'public'::regnamespace order by 1`,
    installation: await sql`select * from installation`,
    applied: await sql`select hash from drizzle.__drizzle_migrations order by id`,
  }));

/** Migrates in a process of its own, as another tier starting at the same moment would. */
function migrateElsewhere(options: MigrateOptions): Promise<{ code: number | null; said: string }> {
  const script = `import { migrate } from ${JSON.stringify(new URL('./migrate.ts', import.meta.url).href)};
    await migrate(${JSON.stringify(options)});`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  return new Promise((resolve) => child.on('exit', (code) => resolve({ code, said })));
}

describe('migrate', () => {
  it('changes nothing when it runs a second time', async () => {
    const first = await fingerprint(migrated);
    await migrate(migrated);
    expect(await fingerprint(migrated)).toEqual(first);
  });

  it('applies every file once when two processes and a third caller start at once', async () => {
    const options = await emptyDatabase();
    const [one, two] = await Promise.all([migrateElsewhere(options), migrateElsewhere(options), migrate(options)]);
    expect([one, two]).toEqual([
      { code: 0, said: '' },
      { code: 0, said: '' },
    ]);
    const journal = JSON.parse(await readFile(new URL('./migrations/meta/_journal.json', import.meta.url), 'utf8'));
    const { applied, installation } = await fingerprint(options);
    expect(applied).toHaveLength(journal.entries.length);
    expect(installation).toHaveLength(1);
  });

  it('refuses a database that belongs to another prefix, and leaves it as it was', async () => {
    const before = await fingerprint(migrated);
    const other = { ...migrated, rolePrefix: `${rolePrefix}_other` };
    await expect(migrate(other)).rejects.toThrow(`belongs to role prefix "${rolePrefix}"`);
    expect(await fingerprint(migrated)).toEqual(before);
    // Nor has it touched the roles of the prefix, which may be another installation's.
    const roles = await withAdmin(
      adminUrl,
      (sql) => sql`select from pg_roles where rolname = ${roleNames(other.rolePrefix).app}`,
    );
    expect(roles).toHaveLength(0);
  });

  it('refuses a migration that came into the journal behind one that is applied, by its name, and does nothing', async () => {
    const options = await emptyDatabase();
    await migrate(options);
    const journal = JSON.parse(await readFile(new URL('./migrations/meta/_journal.json', import.meta.url), 'utf8'));
    const { tag, when } = journal.entries.at(-2) as { tag: string; when: number };
    // As a database is that was migrated before the entry was there.
    await inDatabase(options, (sql) => sql`delete from drizzle.__drizzle_migrations where created_at = ${when}`);
    const before = await fingerprint(options);
    await expect(migrate(options)).rejects.toThrow(`has not got ${tag} (when ${when}) and never will`);
    expect(await fingerprint(options)).toEqual(before);
  });

  it('refuses a database that puts events of a key into another lane than this program does', async () => {
    const options = await emptyDatabase();
    await migrate(options);
    await inDatabase(options, (sql) =>
      sql.unsafe(`create or replace function outbox_lane(tenant_id uuid, key text) returns smallint language sql immutable parallel safe
        return (hashtextextended(tenant_id::text || ' ' || key, 1) & 3)::smallint`),
    );
    await expect(migrate(options)).rejects.toThrow(
      /^outbox_lane\('00000000-.+', '.+'\) is \d in this database and \d in this/,
    );
  });

  it.each(['', 'Upper', '1st', 'has space', `a${'b'.repeat(31)}`, 'quote"'])(
    'refuses the prefix %j',
    async (prefix) => {
      await expect(migrate({ ownerUrl: adminUrl, rolePrefix: prefix, passwords })).rejects.toThrow('must be 1 to 31');
    },
  );

  it('says what is missing when its role may not create roles', async () => {
    const ownerUrl = migrated.appUrl;
    await expect(migrate({ ownerUrl, rolePrefix, passwords })).rejects.toThrow('needs CREATEROLE');
  });

  it('takes a password with quotes and backslashes as it is', async () => {
    const options = await emptyDatabase();
    const prefix = `${rolePrefix}_q`;
    const password = `it's "odd" \\ $$ é`;
    await migrate({ ...options, rolePrefix: prefix, passwords: { app: password, worker: password } });
    const url = new URL(options.ownerUrl);
    url.username = roleNames(prefix).app;
    url.password = encodeURIComponent(password);
    const sql = postgres(url.toString(), { max: 1 });
    expect(await sql`select current_user as role`).toEqual([{ role: `${prefix}_app` }]);
    await sql.end();
  });
});

describe('partitions', () => {
  const partitioned = ['audit_log', 'runs', 'run_attempts', 'run_nodes', 'dlq_entries'];
  const sql = migrated.owner;

  it.each(partitioned)('%s has last month, this month, six months ahead and a default', async (parent) => {
    const live = await sql<
      { name: string }[]
    >`select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = ${parent}::regclass`;
    const months = await sql<{ name: string }[]>`
      select ${parent} || '_' || to_char((now() at time zone 'UTC') + make_interval(months => i), 'YYYYMM') as name
      from generate_series(-1, 6) i`;
    const expected = [...months.map((month) => month.name), `${parent}_default`];
    expect(live.map((part) => part.name).sort()).toEqual(expected.sort());
  });

  it('take a row by the month inside its id, and a row of any other time into the default', async () => {
    const placed = async (at: string) => {
      const [row] = await sql<{ part: string }[]>`insert into dlq_entries (tenant_id, id, pipeline_id, run_id, version,
          node_id, rule, error_kind, message)
        values (ms_uuid(), ms_uuid_at(${at}::text::timestamptz), ms_uuid(), ms_uuid(), 1, 'n', 'r', 'k', 'm')
        returning tableoid::regclass::text as part`;
      return row?.part;
    };
    const now = new Date();
    const month = now.toISOString().slice(0, 7);
    const named = `dlq_entries_${month.replace('-', '')}`;
    expect(await placed(`${month}-01T00:00:00.000Z`)).toBe(named);
    expect(await placed(now.toISOString())).toBe(named);
    expect(await placed('2001-01-01T00:00:00Z')).toBe('dlq_entries_default');
    expect(await placed('2090-01-01T00:00:00Z')).toBe('dlq_entries_default');
  });

  it('of a month that has rows in the default are left out, and the others made all the same', async () => {
    const month = (ahead: number) =>
      new Date(Date.UTC(new Date().getUTCFullYear(), new Date().getUTCMonth() + ahead, 1));
    const name = (ahead: number) => `dlq_entries_${month(ahead).toISOString().slice(0, 7).replace('-', '')}`;
    await sql`insert into dlq_entries (tenant_id, id, pipeline_id, run_id, version, node_id, rule, error_kind, message)
      values (ms_uuid(), ms_uuid_at(${month(7).toISOString()}::text::timestamptz), ms_uuid(), ms_uuid(), 1, 'n', 'r', 'k', 'm')`;
    await sql`select ms_ensure_partitions(1, 8)`;
    const made = await sql<{ is: boolean }[]>`select to_regclass(${name(7)}) is not null as is
      union all select to_regclass(${name(8)}) is not null`;
    expect(made.map((row) => row.is)).toEqual([false, true]);
  });

  it('are not made twice', async () => {
    expect(await sql`select ms_ensure_partitions(1, 6) as made`).toEqual([{ made: 0 }]);
  });
});

describe('ms_uuid', () => {
  const sql = migrated.owner;
  const V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

  // The second is how the first makes them on PostgreSQL 16 and 17.
  it.each(['ms_uuid', 'ms_uuid_made'])(
    'gives ids of version 7 that ascend with time and carry it (%s)',
    async (made) => {
      const rows = await sql<{ id: string; msAgo: number }[]>`select id,
        extract(epoch from clock_timestamp() - ms_uuid_time(id))::float8 * 1000 as "msAgo"
      from (select ${sql(made)}() as id from generate_series(1, 200)) x`;
      expect(new Set(rows.map((row) => row.id)).size).toBe(200);
      for (const { id, msAgo } of rows) {
        expect(id).toMatch(V7);
        expect(msAgo).toBeGreaterThanOrEqual(0);
        expect(msAgo).toBeLessThan(1_000);
      }
      // The milliseconds, and what of a millisecond's fraction lies before the random digits.
      const times = rows.map((row) => row.id.slice(0, 18));
      expect(times.toSorted()).toEqual(times);
      expect(new Set(times).size).toBeGreaterThan(50);
    },
  );

  it('ms_uuid_at is the smallest id of its millisecond, and ms_uuid_time gives the millisecond back', async () => {
    const rows = await sql`select ms_uuid_time(ms_uuid_at(at)) = at as same, ms_uuid_at(at)::text as id,
        ms_uuid_at(at) <= overlay(ms_uuid()::text placing left(ms_uuid_at(at)::text, 13) from 1 for 13)::uuid as smallest
      from (values ('1970-01-01 00:00:00Z'::timestamptz), ('2026-11-21 09:30:15.123Z'), ('2026-12-31 23:59:59.999Z'),
        ('2199-02-28 12:00:00.001Z')) v(at)`;
    expect(rows).toHaveLength(4);
    const [cut] =
      await sql`select ms_uuid_at('2026-11-21 09:30:15.123999Z') = ms_uuid_at('2026-11-21 09:30:15.123Z') as same`;
    expect(cut).toEqual({ same: true });
    for (const { id, ...row } of rows) {
      expect(row).toEqual({ same: true, smallest: true });
      expect(id).toMatch(V7);
    }
  });
});
