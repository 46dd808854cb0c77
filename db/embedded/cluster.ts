import { randomBytes, randomInt } from 'node:crypto';
import { chown, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import postgres from 'postgres';
import type { Binaries } from './binaries.ts';
import { type RunAs, runCommandAs } from './os-user.ts';

/** The embedded server's superuser, who owns the database; everything else connects with less. */
export const ownerName = 'mainspring';
export const databaseName = 'mainspring';

/**
 * For a machine of two cores that runs the whole product. Each can be overridden by ALTER SYSTEM.
 * Source of the rules of thumb: PostgreSQL's manual, chapters "Resource Consumption" and "Write Ahead Log".
 */
const defaultSettings: Record<string, string> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '', // no socket: its folder would have to be one that every user may enter
  password_encryption: 'scram-sha-256',
  max_connections: '200',
  shared_buffers: '256MB',
  effective_cache_size: '1GB',
  work_mem: '16MB',
  maintenance_work_mem: '128MB',
  max_wal_size: '2GB',
  max_locks_per_transaction: '256', // a query over a partitioned table locks each partition and its indexes
  random_page_cost: '1.1', // solid-state disks
  autovacuum_naptime: '15s', // the queue tables turn over quickly
  jit: 'off', // compiling costs more than it saves for short queries
  fsync: 'on',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] %q%u@%d ',
};

/** Makes an empty data folder, or leaves the one there is. A start killed in the middle leaves nothing half made. */
export async function ensureCluster(options: {
  place: string;
  binaries: Binaries;
  runAs: RunAs;
  password: string;
  /** False leaves the new files to the operating system's cache, which saves tests a second. */
  isDurable: boolean;
  log: (message: string) => void;
}): Promise<{ dataDir: string }> {
  const { place, binaries, runAs, password, log } = options;
  const dataDir = join(place, 'data');
  for (const name of await readdir(place)) {
    if (name.startsWith('data.partial-') || name.startsWith('password-'))
      await rm(join(place, name), { recursive: true, force: true });
  }
  const version = await readFile(join(dataDir, 'PG_VERSION'), 'utf8').catch(() => null);
  if (version !== null) {
    if (Number.parseInt(version, 10) === binaries.majorVersion) return { dataDir };
    throw new Error(
      `The database in ${dataDir} was made by PostgreSQL ${version.trim()}, and this release brings ${binaries.version}. ` +
        'Start the earlier release, back up, and restore into an empty home.',
    );
  }
  log(`making an empty database (PostgreSQL ${binaries.version}) in ${dataDir}`);
  const suffix = randomBytes(4).toString('hex');
  const partial = join(place, `data.partial-${suffix}`);
  const passwordFile = join(place, `password-${suffix}`);
  try {
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    if (runAs) await chown(passwordFile, runAs.uid, runAs.gid);
    // The built-in C.UTF-8 sorts the same on every machine and after every upgrade of its C library.
    const args = [`--pgdata=${partial}`, `--username=${ownerName}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
    args.push('--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8');
    if (!options.isDurable) args.push('--no-sync');
    const outcome = await runCommandAs(runAs, binaries.initdb, args, place);
    if (outcome.code !== 0) throw new Error(`initdb failed (exit code ${outcome.code}):\n${outcome.output.trim()}`);
    await rename(partial, dataDir);
  } finally {
    await rm(passwordFile, { force: true });
    await rm(partial, { recursive: true, force: true });
  }
  return { dataDir };
}

/** Writes our settings into a file of their own, which `postgresql.conf` includes; ALTER SYSTEM still wins. */
export async function writeSettings(dataDir: string, runAs: RunAs, overrides: Record<string, string>): Promise<void> {
  const settings = { ...defaultSettings, ...overrides };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`);
  const path = join(dataDir, 'mainspring.conf');
  await writeFile(path, `# Written at each start. Use ALTER SYSTEM to change a setting.\n${lines.join('\n')}\n`, {
    mode: 0o600,
  });
  if (runAs) await chown(path, runAs.uid, runAs.gid);
  const main = join(dataDir, 'postgresql.conf');
  const text = await readFile(main, 'utf8');
  const include = "include_if_exists 'mainspring.conf'";
  if (!text.includes(include)) await writeFile(main, `${text.trimEnd()}\n${include}\n`);
}

/** The port of an earlier start when it is still free, else one that is free now, outside the ephemeral range. */
export async function choosePort(recorded: number | null, log: (message: string) => void): Promise<number> {
  if (recorded !== null) {
    if (await isPortFree(recorded)) return recorded;
    log(`port ${recorded} of the database is taken by another program; choosing another`);
  }
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(20_000, 32_000);
    if (await isPortFree(port)) return port;
  }
  throw new Error('No free port between 20000 and 32000 on 127.0.0.1 for the database.');
}

function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1' }, () => server.close(() => resolve(true)));
  });
}

/** Makes the product's database when it is missing; throws in plain words when the password is not the server's. */
export async function ensureDatabase(port: number, password: string): Promise<string> {
  const sql = postgres(ownerUrl(port, password, 'postgres'), {
    max: 1,
    onnotice: () => undefined,
    connect_timeout: 10,
  });
  try {
    const rows = await sql`select 1 from pg_database where datname = ${databaseName}`;
    if (rows.length === 0) await sql`create database ${sql(databaseName)}`;
  } catch (error) {
    if ((error as { code?: string }).code !== '28P01') throw error;
    throw new Error(
      'The embedded database refuses the password in secrets.json ("ownerPassword"). ' +
        'Restore the secrets.json that belongs to this database, or move the whole home away to begin anew.',
    );
  } finally {
    await sql.end({ timeout: 5 });
  }
  return ownerUrl(port, password);
}

/** The owner's address; of Mainspring's own database unless another is named. */
export const ownerUrl = (port: number, password: string, name = databaseName): string =>
  `postgres://${ownerName}:${encodeURIComponent(password)}@127.0.0.1:${port}/${name}`;
