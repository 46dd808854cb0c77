// A transaction pooler before the tests' server: PgBouncer, each of whose server connections serves one client's transaction
// after another's.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
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
  await writeFile(join(dir, 'users.txt'), users.map(([name, password]) => `"${name}" "${password}"\n`).join(''));
  await writeFile(
    join(dir, 'pgbouncer.ini'),
    `[databases]
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
`,
  );
  // It does not run as root, and must read these as whom it runs as.
  await chmod(dir, 0o755);
  const asUser = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const args = [GUARD, String(process.pid), dir, program, '-q', ...asUser, join(dir, 'pgbouncer.ini')];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  const said: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  const exited = once(child, 'exit');
  const deadline = Date.now() + READY_MS;
  while (!(await listens(port))) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`PgBouncer did not start:\n${said.join('')}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    through(url) {
      const pooled = new URL(url);
      pooled.hostname = '127.0.0.1';
      pooled.port = String(port);
      return pooled.toString();
    },
    async stop() {
      if (child.exitCode === null && child.pid) process.kill(-child.pid, 'SIGTERM');
      await exited;
      await rm(dir, { recursive: true, force: true });
    },
  };
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
