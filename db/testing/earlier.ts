import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate as runMigrations } from 'drizzle-orm/postgres-js/migrator';
import { afterAll, inject } from 'vitest';
import { openPool, type Pool, urlForRole } from '../client.ts';
import { migrate } from '../migrate.ts';
import { roleNames } from '../roles.ts';
import { urlOfDatabase, withAdmin } from './admin.ts';

const MIGRATIONS = fileURLToPath(new URL('../migrations', import.meta.url));

export type EarlierDatabase = {
  /** Lazy pools; `app` may do something after the update alone. Closed by themselves when the file is done. */
  owner: Pool;
  app: Pool;
  worker: Pool;
  /** Brings it to this release, as a process does that starts. */
  update(): Promise<void>;
};

/** A database as it was before the migration of that number, empty, on real PostgreSQL; dropped when the file is done. */
export async function databaseBefore(migration: number): Promise<EarlierDatabase> {
  const { adminUrl, rolePrefix, passwords } = inject('testServer');
  const name = `${rolePrefix}_${randomBytes(4).toString('hex')}`;
  await withAdmin(adminUrl, (sql) => sql`create database ${sql(name)}`);
  const ownerUrl = urlOfDatabase(adminUrl, name);
  const roles = roleNames(rolePrefix);
  const open = (url: string) => openPool({ url, max: 4, applicationName: 'test' });
  const pools = {
    owner: open(ownerUrl),
    app: open(urlForRole(ownerUrl, roles.app, passwords.app)),
    worker: open(urlForRole(ownerUrl, roles.worker, passwords.worker)),
  };
  afterAll(async () => {
    await Promise.all(Object.values(pools).map((pool) => pool.end({ timeout: 2 })));
    await withAdmin(adminUrl, (sql) => sql`drop database if exists ${sql(name)} with (force)`);
  });
  await migrateBelow(migration, ownerUrl);
  return { ...pools, update: () => migrate({ ownerUrl, rolePrefix, passwords }) };
}

/** With a journal that ends there. */
async function migrateBelow(migration: number, ownerUrl: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'mainspring-earlier-'));
  // A pool of its own: drizzle changes how the driver that it is given writes values.
  const pool = openPool({ url: ownerUrl, max: 1, applicationName: 'test' });
  try {
    await cp(MIGRATIONS, folder, { recursive: true });
    const path = join(folder, 'meta', '_journal.json');
    const journal = JSON.parse(await readFile(path, 'utf8')) as { entries: { idx: number }[] };
    const entries = journal.entries.filter(({ idx }) => idx < migration);
    await writeFile(path, JSON.stringify({ ...journal, entries }));
    await runMigrations(drizzle(pool), { migrationsFolder: folder });
  } finally {
    await pool.end({ timeout: 2 });
    await rm(folder, { recursive: true, force: true });
  }
}
