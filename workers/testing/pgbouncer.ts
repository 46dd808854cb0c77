// A transaction pooler before the tests' server: PgBouncer, each of whose server connections serves one client's transaction
// after another's.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { roleNames } from '#db/roles.ts';
import { findPgbouncer } from '#db/testing/components.ts';
import { requireComponent, type TestDatabase } from '#db/testing/index.ts';
import { freePorts } from './ports.ts';

const GUARD = fileURLToPath(new URL('./kafka/guard.ts', import.meta.url));
const READY_MS = 30_000;
/** So few for each role that clients meet each other on them all the time. */
export const SERVER_CONNECTIONS = 3;

/** Whether tests behind a pooler can run here; a missing one is said aloud. */
export const hasPgbouncer = (): boolean =>
  requireComponent('PgBouncer', findPgbouncer() !== null, 'bin/tools pgbouncer');

export type Pooler = {
  /** The same address by way of the pooler. */
  through(url: string): string;
  stop(): Promise<void>;
};

/** Starts one for the three roles of `db`; it ends with this process. */
export async function startPgbouncer(db: TestDatabase): Promise<Pooler> {
  const program = findPgbouncer();
  if (!program) throw new Error('PgBouncer is missing: get it with `bin/tools pgbouncer`');
  const dir = await mkdtemp(join(tmpdir(), 'mainspring-pooler-'));
  const [port = 0] = await freePorts(1);
  const upstream = new URL(db.ownerUrl);
  const roles = roleNames(db.rolePrefix);
  const users = [
    [decodeURIComponent(upstream.username), decodeURIComponent(upstream.password)],
    [roles.app, db.passwords.app],
    [roles.worker, db.passwords.worker],
  ];
  const passwords = users.map(([name, password]) => `"${name}" "${password}"\n`).join('');
  const settings = `[databases]
* = host=${upstream.hostname} port=${upstream.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${join(dir, 'users.txt')}
pool_mode = transaction
default_pool_size = ${SERVER_CONNECTIONS}
max_client_conn = 500
${keepsStatements(program) ? 'max_prepared_statements = 0' : ''}
`;
  await writeFile(join(dir, 'users.txt'), passwords, { mode: 0o600 });
  await writeFile(join(dir, 'pgbouncer.ini'), settings, { mode: 0o600 });
  const asUser = await givenAway(dir);
  const args = [GUARD, String(process.pid), dir, program, ...asUser, join(dir, 'pgbouncer.ini')];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  const said: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  const exited = once(child, 'exit');
  const stop = async () => {
    if (child.exitCode === null && child.pid) process.kill(-child.pid, 'SIGKILL');
    await exited;
    await rm(dir, { recursive: true, force: true });
  };
  const deadline = Date.now() + READY_MS;
  while (!(await listens(port))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`PgBouncer did not start:\n${said.join('')}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    through(url) {
      const pooled = new URL(url);
      pooled.hostname = '127.0.0.1';
      pooled.port = String(port);
      return pooled.toString();
    },
    stop,
  };
}

/** From 1.21 on it can keep prepared statements for its clients; those that could not are still in use. */
function keepsStatements(program: string): boolean {
  const said = spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout;
  const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(said) ?? [];
  return Number(major) > 1 || Number(minor) >= 21;
}

/** It does not run as root: then the folder is given to nobody. Returns how it is told. */
async function givenAway(dir: string): Promise<string[]> {
  if (process.getuid?.() !== 0) return [];
  const numberOf = (what: string) => Number(spawnSync('id', [what, 'nobody'], { encoding: 'utf8' }).stdout);
  for (const path of [dir, join(dir, 'users.txt'), join(dir, 'pgbouncer.ini')])
    await chown(path, numberOf('-u'), numberOf('-g'));
  return ['-u', 'nobody'];
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const isThere = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'error').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return isThere;
}
