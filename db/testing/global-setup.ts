import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { clearLeftovers } from '../embedded/postmaster.ts';
import { isSameProcessRunning } from '../embedded/process-identity.ts';
import { findEmbedded, startEmbedded } from '../embedded.ts';
import { migrate } from '../migrate.ts';
import { urlOfDatabase, withAdmin } from './admin.ts';
import { GIVEN_EVENTS } from './given-events.ts';

/** What a test file needs to make a database of its own. */
export type TestServer = {
  /** The owner's URL of a database that is only used to create and drop others. */
  adminUrl: string;
  templateName: string;
  rolePrefix: string;
  passwords: { app: string; worker: string };
  /** The process of the whole run: what is started once for it ends with it. */
  runPid: number;
};

declare module 'vitest' {
  interface ProvidedContext {
    testServer: TestServer;
  }
}

const homePrefix = 'mainspring-test-';

/**
 * One PostgreSQL for the whole run: TEST_DATABASE_URL when it is set, else an embedded one in a temporary home.
 * The schema is migrated once, into a template; each test file gets a copy of it from `testDatabase()`.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const own = process.env.TEST_DATABASE_URL ? null : await startOwnServer();
  const adminUrl = process.env.TEST_DATABASE_URL ?? own?.url ?? '';
  const run = randomBytes(4).toString('hex');
  const server: TestServer = {
    adminUrl,
    templateName: `mainspring_template_${run}`,
    rolePrefix: `mstest_${run}`,
    passwords: { app: randomBytes(12).toString('hex'), worker: randomBytes(12).toString('hex') },
    runPid: process.pid,
  };
  const teardown = async () => {
    if (own) await own.discard();
    else await dropEverythingOf(server);
  };
  try {
    await withAdmin(adminUrl, (sql) => sql`create database ${sql(server.templateName)}`);
    await migrate({
      ownerUrl: urlOfDatabase(adminUrl, server.templateName),
      rolePrefix: server.rolePrefix,
      passwords: server.passwords,
    });
    await withAdmin(urlOfDatabase(adminUrl, server.templateName), (sql) => sql.unsafe(GIVEN_EVENTS));
  } catch (error) {
    await teardown();
    throw error;
  }
  project.provide('testServer', server);
  return teardown;
}

async function startOwnServer(): Promise<{ url: string; discard(): Promise<void> }> {
  await discardAbandonedHomes();
  const home = await mkdtemp(join(tmpdir(), homePrefix));
  const embedded = await startEmbedded({
    home,
    log: () => undefined,
    // Nothing outlives the run, so nothing has to survive a power cut; parallel files need more connections.
    settings: { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', max_connections: '300' },
  });
  return {
    url: embedded.url,
    discard: async () => {
      await embedded.stop();
      await discardHome(home);
    },
  };
}

/** Homes of test runs that were killed, with servers that may still run. */
async function discardAbandonedHomes(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(homePrefix)) continue;
    const home = join(tmpdir(), name);
    const found = await findEmbedded(home).catch(() => null);
    // Without a record the run may just be starting.
    if (!found?.startedBy || (await isSameProcessRunning(found.startedBy))) continue;
    await clearLeftovers(found.dataDir, () => undefined);
    await discardHome(home);
  }
}

async function discardHome(home: string): Promise<void> {
  const found = await findEmbedded(home);
  if (found) await rm(found.place, { recursive: true, force: true });
  await rm(home, { recursive: true, force: true });
}

/** On a server that is not ours, the roles and databases of this run must not stay behind. */
async function dropEverythingOf(server: TestServer): Promise<void> {
  await withAdmin(server.adminUrl, async (sql) => {
    const databases = await sql<{ datname: string }[]>`
      select datname from pg_database
      where datname = ${server.templateName} or datname like ${`${server.rolePrefix.replaceAll('_', '\\_')}\\_%`}`;
    for (const { datname } of databases) await sql`drop database if exists ${sql(datname)} with (force)`;
    const roles = await sql<{ rolname: string }[]>`
      select rolname from pg_roles where rolname like ${`${server.rolePrefix.replaceAll('_', '\\_')}\\_%`}`;
    for (const { rolname } of roles) await sql`drop role if exists ${sql(rolname)}`;
  });
}
