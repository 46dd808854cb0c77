import { randomBytes } from 'node:crypto';
import { afterAll, inject } from 'vitest';
import { openPool, type Pool, urlForRole } from '../client.ts';
import { roleNames } from '../roles.ts';
import { urlOfDatabase, withAdmin } from './admin.ts';

export { databaseBefore, type EarlierDatabase } from './earlier.ts';
export { passHorizon } from './horizon.ts';
export { requireComponent } from './require.ts';

export type TestDatabase = {
  name: string;
  rolePrefix: string;
  passwords: { app: string; worker: string };
  ownerUrl: string;
  appUrl: string;
  workerUrl: string;
  /** Lazy pools as the three roles; closed by themselves when the file is done. */
  owner: Pool;
  app: Pool;
  worker: Pool;
};

/**
 * A migrated, empty database for one test file, on real PostgreSQL, dropped when the file is done. Call it at the
 * top of the file: `const db = await testDatabase();`. Roles are shared by all files of a run (they belong to the
 * cluster), tables are not. Its pools are ended before the drop; pools that a test opened itself are cut off.
 */
export async function testDatabase(): Promise<TestDatabase> {
  const { adminUrl, templateName, rolePrefix, passwords } = inject('testServer');
  const name = `${rolePrefix}_${randomBytes(4).toString('hex')}`;
  await withAdmin(adminUrl, (sql) => sql`create database ${sql(name)} template ${sql(templateName)}`);
  const ownerUrl = urlOfDatabase(adminUrl, name);
  const roles = roleNames(rolePrefix);
  const appUrl = urlForRole(ownerUrl, roles.app, passwords.app);
  const workerUrl = urlForRole(ownerUrl, roles.worker, passwords.worker);
  const open = (url: string) => openPool({ url, max: 8, applicationName: 'test' });
  const pools = { owner: open(ownerUrl), app: open(appUrl), worker: open(workerUrl) };
  afterAll(async () => {
    await Promise.all(Object.values(pools).map((pool) => pool.end({ timeout: 2 })));
    await withAdmin(adminUrl, (sql) => sql`drop database if exists ${sql(name)} with (force)`);
  });
  return { name, rolePrefix, passwords, ownerUrl, appUrl, workerUrl, ...pools };
}
