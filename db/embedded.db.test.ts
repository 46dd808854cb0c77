import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import postgres from 'postgres';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitUntilGone } from './embedded/process-identity.ts';
import { type EmbeddedDatabase, findEmbedded, startEmbedded } from './embedded.ts';

const isRoot = process.getuid?.() === 0;
let parent = '';
let home = '';
let running: EmbeddedDatabase | null = null;

/** Small and without fsync, which matters to a power cut and not to a kill, so that it starts sooner. */
async function start(settings: Record<string, string> = { fsync: 'off' }): Promise<EmbeddedDatabase> {
  running = await startEmbedded({ home, log: () => undefined, settings: { shared_buffers: '16MB', ...settings } });
  return running;
}

async function query<T>(url: string, run: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    return await run(sql);
  } finally {
    await sql.end({ timeout: 2 });
  }
}

const addRow = (url: string) =>
  query(url, async (sql) => {
    await sql`create table if not exists kept (n int)`;
    await sql`insert into kept values (1)`;
  });
const countRows = (url: string) =>
  query(url, async (sql) => (await sql<{ n: number }[]>`select count(*)::int as n from kept`)[0]?.n);

describe('the embedded database', () => {
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'embedded-'));
    await chmod(parent, 0o711);
    home = join(parent, 'home with a space');
  });
  afterEach(async () => {
    await running?.stop();
    running = null;
    const found = await findEmbedded(home).catch(() => null);
    if (found) await rm(found.place, { recursive: true, force: true });
    await rm(parent, { recursive: true, force: true });
  });

  it('keeps its data, port and password between starts', async () => {
    const first = await start();
    await addRow(first.url);
    await first.stop();
    const second = await start();
    expect(second.url).toBe(first.url);
    expect(await countRows(second.url)).toBe(1);
  });

  it('listens on 127.0.0.1 alone and asks for a password by SCRAM', async () => {
    const { url } = await start({});
    const wrong = new URL(url);
    wrong.password = 'wrong';
    await expect(query(wrong.toString(), (sql) => sql`select 1`)).rejects.toMatchObject({ code: '28P01' });
    const [row] = await query(
      url,
      (sql) => sql`select current_setting('listen_addresses') as addresses,
      current_setting('unix_socket_directories') as sockets, current_setting('fsync') as fsync,
      (select rolpassword like 'SCRAM-SHA-256%' from pg_authid where rolname = current_user) as is_scram`,
    );
    expect(row).toEqual({ addresses: '127.0.0.1', sockets: '', fsync: 'on', is_scram: true });
  });

  it('recovers what was committed when the server was killed with -9', async () => {
    const first = await start();
    await addRow(first.url);
    process.kill(first.pid, 'SIGKILL');
    await first.exited;
    expect(await readFile(join(first.dataDir, 'postmaster.pid'), 'utf8')).toContain(String(first.pid));
    const second = await start();
    expect(await countRows(second.url)).toBe(1);
  });

  it('stops the server that a killed start left running, and starts its own', async () => {
    const orphan = await start();
    await addRow(orphan.url);
    const second = await start();
    expect(second.pid).not.toBe(orphan.pid);
    expect(await waitUntilGone([orphan.pid], 5_000)).toBe(true);
    expect(await countRows(second.url)).toBe(1);
  });

  it('starts although the number in postmaster.pid belongs to another program now', async () => {
    const first = await start();
    await addRow(first.url);
    process.kill(first.pid, 'SIGKILL');
    await first.exited;
    // Under the server's own user: that is the case in which PostgreSQL itself refuses to start.
    const { uid, gid } = await stat(first.dataDir);
    const bystander = spawn('sleep', ['60'], { stdio: 'ignore', ...(isRoot ? { uid, gid } : {}) });
    try {
      const pidFile = join(first.dataDir, 'postmaster.pid');
      const text = await readFile(pidFile, 'utf8');
      await writeFile(pidFile, text.replace(/^\d+/, String(bystander.pid)));
      const second = await start();
      expect(await countRows(second.url)).toBe(1);
      expect(bystander.exitCode ?? bystander.signalCode).toBeNull();
    } finally {
      bystander.kill('SIGKILL');
    }
  });

  it('ends a busy backend that outlived its killed server', async () => {
    const first = await start();
    await addRow(first.url);
    const sql = postgres(first.url, { max: 1, onnotice: () => undefined });
    const [backend] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
    // A loop that never waits: it does not notice that the postmaster died.
    const busy = sql`do $$ begin loop end loop; end $$`.execute().catch((error: unknown) => error);
    await expect.poll(() => isOnProcessor(backend?.pid ?? 0)).toBe(true);
    process.kill(first.pid, 'SIGKILL');
    await first.exited;
    const second = await start();
    expect(await waitUntilGone([backend?.pid ?? 0], 5_000)).toBe(true);
    expect(await countRows(second.url)).toBe(1);
    await busy;
    await sql.end({ timeout: 1 });
  });

  it('takes another port when its own was taken meanwhile, and says so', async () => {
    const first = await start();
    await addRow(first.url);
    await first.stop();
    const squatter = createServer();
    await new Promise<void>((done) => squatter.listen(first.port, '127.0.0.1', done));
    try {
      const said: string[] = [];
      running = await startEmbedded({ home, log: (message) => said.push(message) });
      expect(running.port).not.toBe(first.port);
      expect(said.join('\n')).toContain(`port ${first.port} of the database is taken`);
      expect(await countRows(running.url)).toBe(1);
    } finally {
      squatter.close();
    }
  });

  it('works in a folder that only its owner may enter, and moves there when it becomes one', async () => {
    const first = await start();
    await addRow(first.url);
    await first.stop();
    await chmod(parent, 0o700);
    const second = await start();
    expect(await countRows(second.url)).toBe(1);
    // As root the server's user cannot enter: the data went elsewhere, and stays there for the next start.
    if (isRoot) expect(second.dataDir.startsWith(parent)).toBe(false);
    await second.stop();
    const third = await start();
    expect(third.dataDir).toBe(second.dataDir);
    expect(await countRows(third.url)).toBe(1);
  });

  it('refuses to begin with an empty database where the recorded one is gone', async () => {
    const first = await start();
    await first.stop();
    await rm(first.dataDir, { recursive: true });
    await expect(start()).rejects.toThrow(/is not there any more.*embedded\.json/s);
    await rm(join(home, 'embedded.json'));
  });

  it('says what to do when secrets.json is not the one of this database', async () => {
    const first = await start();
    await first.stop();
    await rm(join(home, 'secrets.json'));
    await expect(start()).rejects.toThrow(/refuses the password in secrets\.json/);
  });

  it('leaves nothing half made behind when making it was interrupted', async () => {
    const place = join(home, 'postgres');
    await mkdir(join(place, 'data.partial-1234'), { recursive: true });
    await writeFile(join(place, 'data.partial-1234', 'PG_VERSION'), '18\n');
    const { url, dataDir } = await start();
    await addRow(url);
    await expect(stat(join(dirname(dataDir), 'data.partial-1234'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

/** Whether a process is running on a processor right now (state R). */
async function isOnProcessor(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text.slice(text.lastIndexOf(')') + 2).startsWith('R');
}
