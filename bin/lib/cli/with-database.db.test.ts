// What a command beside the database says when the database is not there to be beside.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';

const db = await testDatabase();
const MAIN = fileURLToPath(new URL('./mainspring.ts', import.meta.url));
const home = await mkdtemp(join(tmpdir(), 'mainspring-no-database-'));
afterAll(() => rm(home, { recursive: true, force: true }));

const run = (databaseUrl: string, args: string[]) =>
  new Promise<{ code: unknown; out: string; err: string }>((done) => {
    const env = { NODE_ENV: 'test' as const, PATH: process.env.PATH ?? '', DATABASE_URL: databaseUrl };
    execFile(process.execPath, [MAIN, ...args], { env: { ...env, MAINSPRING_HOME: home } }, (error, out, err) =>
      done({ code: error ? error.code : 0, out, err }),
    );
  });

/** A port that was free a moment ago and that nobody listens on. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  return typeof address === 'object' && address ? address.port : 1;
}

const COMMANDS = [
  ['secrets', 'rotate'],
  ['init', '--email', 'root@example.org', '--tenant', 'acme'],
  ['key', 'create', '--name', 'ci', '--scope', 'runs:read'],
  ['audit', 'verify'],
];

// Each is a process of its own, which takes seconds to start on a busy machine.
describe.each(COMMANDS)('mainspring %s %s', { timeout: 120_000 }, (...command) => {
  const words = COMMANDS.find((one) => one[0] === command[0])!;

  it('says in one line that the database does not answer, without its password', async () => {
    const port = await closedPort();
    const said = await run(`postgres://owner:a-secret-password@127.0.0.1:${port}/main`, words);
    expect(said).toEqual({
      ...{ code: 1, out: '' },
      err: `mainspring: the database at 127.0.0.1:${port}/main does not answer: ECONNREFUSED (DATABASE_UNAVAILABLE)\n`,
    });
  });
});

describe('a command beside the database', { timeout: 120_000 }, () => {
  it('says in one line why the database refuses it', async () => {
    const url = new URL(db.ownerUrl);
    url.pathname = '/no_such_database';
    const said = await run(url.href, ['secrets', 'rotate']);
    expect([said.code, said.out]).toEqual([1, '']);
    expect(said.err).toMatch(
      /^mainspring: the database at .* refused: .*no_such_database.* \(DATABASE_UNAVAILABLE\)\n$/,
    );
  });

  it('says that a database has no tables of this release', async () => {
    const url = new URL(db.ownerUrl);
    url.pathname = '/postgres';
    const said = await run(url.href, ['audit', 'verify']);
    expect([said.code, said.out]).toEqual([2, '']);
    expect(said.err).toMatch(/does not have the tables of this release .*: start Mainspring on it once\n/);
  });

  it('says that the user is not the one whose tables they are', async () => {
    const said = await run(db.workerUrl, ['init', '--email', 'root@example.org', '--tenant', 'acme']);
    expect([said.code, said.out]).toEqual([2, '']);
    expect(said.err).toMatch(
      /does not let the user "\w+" do this \(permission denied .*\): DATABASE_URL must name the owner of Mainspring's tables\n/,
    );
    expect(said.err).not.toContain(db.passwords.worker);
  });

  it('says that DATABASE_URL is none', async () => {
    const said = await run('the database next door', ['audit', 'verify']);
    expect(said).toMatchObject({ code: 2, out: '', err: expect.stringContaining('DATABASE_URL: is no address') });
  });
});
