import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPool } from './client.ts';
import { testDatabase } from './testing/index.ts';

const database = await testDatabase();

/** A way to the server that can stop passing bytes on while every connection stays open. */
async function blackHole(target: URL) {
  const sockets = new Set<net.Socket>();
  let isOpen = true;
  const server = net.createServer((near) => {
    const far = net.connect(Number(target.port || 5432), target.hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => isOpen && to.write(chunk));
      from.on('close', () => to.destroy());
      from.on('error', () => to.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as net.AddressInfo).port);
  return {
    url: url.toString(),
    swallow: () => {
      isOpen = false;
    },
    passOn: () => {
      isOpen = true;
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

describe('a pool whose packets vanish', () => {
  let way: Awaited<ReturnType<typeof blackHole>>;
  beforeAll(async () => {
    way = await blackHole(new URL(database.ownerUrl));
  });
  afterAll(() => way.close());

  it('rejects what waits for an answer, and serves again over a new connection', async () => {
    const pool = openPool({ url: way.url, max: 1, applicationName: 'black hole test', answerTimeoutMs: 1_000 });
    const [before] = await pool`select pg_backend_pid() as pid`;
    way.swallow();
    await expect(pool`select 1`).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    way.passOn();
    const [after] = await pool`select pg_backend_pid() as pid`;
    expect(after?.pid).not.toBe(before?.pid);
    await pool.end();
  });

  it('waits for a statement that takes less than the limit, and leaves an idle connection alone', async () => {
    const pool = openPool({ url: way.url, max: 1, applicationName: 'slow answer test', answerTimeoutMs: 2_000 });
    const [before] = await pool`select pg_backend_pid() as pid`;
    await pool`select pg_sleep(1)`;
    await pool`select pg_sleep(1)`;
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    const [after] = await pool`select pg_backend_pid() as pid`;
    expect(after?.pid).toBe(before?.pid);
    await pool.end();
  });

  it('gives up a server that cannot be reached with a code that says so', async () => {
    const pool = openPool({ url: 'postgres://nobody@127.0.0.1:1/none', max: 1, applicationName: 'nobody there' });
    await expect(pool`select 1`).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await pool.end();
  });
});
