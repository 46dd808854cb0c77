// Requests that do go out: to the operator's own addresses and to ranges that were opened.
import { once } from 'node:events';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createOutboundClient, type OutboundClient } from './index.ts';
import { certificate, key, type Listener, startListener } from './testing/index.ts';

let listener: Listener;
const clients: OutboundClient[] = [];
const open = (options: Parameters<typeof createOutboundClient>[0]) => {
  const client = createOutboundClient(options);
  clients.push(client);
  return client;
};
const loopback = open({ allowCidrs: ['127.0.0.0/8'] });
const closed = open({ allowCidrs: [] });

beforeAll(async () => {
  listener = await startListener();
});
afterEach(() => listener.answerWith((_request, response) => void response.end('reached')));
afterAll(async () => {
  for (const client of clients) client.close();
  await listener.close();
});
const url = (path = '/') => `http://127.0.0.1:${listener.port}${path}`;
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'taken',
    (error: unknown) => (error as { code?: string }).code ?? String(error),
  );

describe('a request', () => {
  it('sends method, headers and body, and gives status, headers and body', async () => {
    listener.answerWith(async (request, response) => {
      const parts = await request.toArray();
      response.writeHead(201, { 'X-Seen': `${request.method} ${request.url} ${request.headers['x-mine']}` });
      response.end(Buffer.concat(parts as Buffer[]));
    });
    const answer = await loopback.request({
      ...{ url: url('/in?a=1#gone'), method: 'PUT', headers: { 'X-Mine': 'yes' }, body: 'größe', trust: 'tenant' },
    });
    expect(answer).toMatchObject({ status: 201, isCut: false, headers: { 'x-seen': 'PUT /in?a=1 yes' } });
    expect(answer.body.toString()).toBe('größe');
  });

  it('keeps its connection for the next one', async () => {
    const own = open({ allowCidrs: ['127.0.0.1'] });
    const before = listener.connections();
    for (let turn = 0; turn < 3; turn += 1) await own.request({ url: url(), trust: 'tenant' });
    expect(listener.connections()).toBe(before + 1);
  });

  it("goes to an inner address from the operator's environment, whose connection then serves no tenant", async () => {
    expect((await closed.request({ url: url(), trust: 'operator' })).status).toBe(200);
    expect(await closed.checkUrl(url(), { trust: 'operator' })).toBe(url());
    const before = listener.connections();
    expect(await codeOf(closed.request({ url: url(), trust: 'tenant' }))).toBe('ADDRESS_REFUSED');
    expect(listener.connections()).toBe(before);
  });

  it.each(['Host', 'Transfer-Encoding', 'connection', 'Content-Length'])(
    'does not take the header %s',
    async (name) => {
      const refused = loopback.request({ url: url(), headers: { [name]: 'x' }, trust: 'tenant' });
      expect(await codeOf(refused)).toBe('ADDRESS_REFUSED');
    },
  );

  it('does not take a header with a line break in it', async () => {
    await expect(
      loopback.request({ url: url(), headers: { 'x-a': 'b\r\nx-c: d' }, trust: 'tenant' }),
    ).rejects.toThrow();
  });

  it('says what could not be reached, by its origin only', async () => {
    const gone = await startListener();
    await gone.close();
    const target = `http://127.0.0.1:${gone.port}/services/a-secret-in-a-path`;
    const error = await loopback.request({ url: target, trust: 'tenant' }).catch((caught: Error) => caught);
    expect(error).toMatchObject({ code: 'OUTBOUND_UNREACHABLE' });
    expect((error as Error).message).toContain(`127.0.0.1:${gone.port}`);
    expect((error as Error).message).not.toContain('a-secret');
  });
});

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])('%i is an answer and is not followed', async (status) => {
    const inner = await startListener();
    listener.answerWith((_request, response) => {
      response.writeHead(status, { Location: `http://127.0.0.1:${inner.port}/secret` });
      response.end();
    });
    const answer = await loopback.request({ url: url(), trust: 'tenant' });
    expect(answer.status).toBe(status);
    expect(inner.connections()).toBe(0);
    await inner.close();
  });
});

describe('a resolver that changes its mind', () => {
  it('is asked once for a connection: an inner address that it gives afterwards is not connected to', async () => {
    const answers = [['203.0.114.77'], ['127.0.0.1']];
    let asked = 0;
    const resolve = async () => answers[Math.min(asked++, 1)] ?? [];
    const rebound = open({ allowCidrs: [], resolve });
    const before = listener.connections();
    const target = `https://rebind.example:${listener.port}/`;
    expect(await rebound.checkUrl(target, { trust: 'tenant' })).toBe(target);
    // Saved with the public answer; used with the inner one.
    expect(await codeOf(rebound.request({ url: target, trust: 'tenant', deadlineMs: 5_000 }))).toBe('ADDRESS_REFUSED');
    expect(asked).toBe(2);
    expect(listener.connections()).toBe(before);
  });

  it('has no second say: the socket goes to the address that was checked', async () => {
    // Opened is 127.0.0.1 alone. After the check the name means 127.0.0.2, where the listener listens as well.
    const answers = [['127.0.0.1'], ['127.0.0.2']];
    let asked = 0;
    const pinned = open({ allowCidrs: ['127.0.0.1/32'], resolve: async () => answers[Math.min(asked++, 1)] ?? [] });
    let reached: string | undefined;
    listener.answerWith((request, response) => {
      reached = request.socket.localAddress;
      response.end();
    });
    await pinned.request({ url: `http://rebind.example:${listener.port}/`, trust: 'tenant' });
    expect([asked, reached?.replace('::ffff:', '')]).toEqual([1, '127.0.0.1']);
  });
});

describe('a deadline', () => {
  it('ends an answer that never comes', async () => {
    listener.answerWith(() => {});
    expect(await codeOf(loopback.request({ url: url(), trust: 'tenant', deadlineMs: 200 }))).toBe('OUTBOUND_DEADLINE');
  });

  it('ends a body that drips for ever', async () => {
    let drip: NodeJS.Timeout | undefined;
    const hasClosed = Promise.withResolvers<void>();
    listener.answerWith((_request, response) => {
      response.writeHead(200);
      drip = setInterval(() => response.write('.'), 20);
      response.on('close', () => {
        clearInterval(drip);
        hasClosed.resolve();
      });
    });
    const started = performance.now();
    expect(await codeOf(loopback.request({ url: url(), trust: 'tenant', deadlineMs: 300 }))).toBe('OUTBOUND_DEADLINE');
    expect(performance.now() - started).toBeGreaterThanOrEqual(290);
    await hasClosed.promise;
  });

  it('ends a name that is never resolved', async () => {
    const silent = open({ allowCidrs: [], resolve: () => new Promise(() => {}) });
    const asked = silent.request({ url: 'https://silent.example/', trust: 'tenant', deadlineMs: 200 });
    expect(await codeOf(asked)).toBe('OUTBOUND_DEADLINE');
  });

  it("gives way to the caller's signal, with its reason", async () => {
    listener.answerWith(() => {});
    const stop = new AbortController();
    const asked = loopback.request({ url: url(), trust: 'tenant', signal: stop.signal });
    stop.abort(new Error('stopped by the caller'));
    await expect(asked).rejects.toThrow('stopped by the caller');
    await expect(loopback.request({ url: url(), trust: 'tenant', signal: stop.signal })).rejects.toThrow('stopped by');
  });
});

describe('an answer', () => {
  it('is cut at the limit, and the rest is not read', async () => {
    let sent = 0;
    const hasClosed = Promise.withResolvers<void>();
    listener.answerWith((_request, response) => {
      const chunk = Buffer.alloc(64_000, 'x');
      const more = () => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length;
      };
      response.on('drain', more);
      response.on('close', hasClosed.resolve);
      more();
    });
    const answer = await loopback.request({ url: url(), trust: 'tenant', maxResponseBytes: 100_000 });
    expect(answer).toMatchObject({ status: 200, isCut: true });
    expect(answer.body.byteLength).toBe(100_000);
    await hasClosed.promise;
    expect(sent).toBeLessThan(50_000_000);
  });

  it('of exactly the limit is whole', async () => {
    listener.answerWith((_request, response) => void response.end('x'.repeat(1_000)));
    const answer = await loopback.request({ url: url(), trust: 'tenant', maxResponseBytes: 1_000 });
    expect([answer.body.byteLength, answer.isCut]).toEqual([1_000, false]);
  });

  it('that breaks off is an error', async () => {
    listener.answerWith((_request, response) => {
      response.writeHead(200, { 'Content-Length': '100' });
      response.write('half', () => response.destroy());
    });
    expect(await codeOf(loopback.request({ url: url(), trust: 'tenant' }))).toBe('OUTBOUND_UNREACHABLE');
  });
});

describe('https', () => {
  it('holds the name against the certificate although the socket goes to a pinned address', async () => {
    const server = createTlsServer({ cert: certificate, key }, (_request, response) => void response.end('sealed'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const trusting = open({ allowCidrs: ['127.0.0.1'], ca: certificate, resolve: async () => ['127.0.0.1'] });
    const answer = await trusting.request({ url: `https://hooks.example:${port}/`, trust: 'tenant' });
    expect(answer.body.toString()).toBe('sealed');
    const wrongName = trusting.request({ url: `https://other.example:${port}/`, trust: 'tenant' });
    expect(await codeOf(wrongName)).toBe('OUTBOUND_UNREACHABLE');
    const unknownSigner = open({ allowCidrs: ['127.0.0.1'], resolve: async () => ['127.0.0.1'] });
    const untrusted = unknownSigner.request({ url: `https://hooks.example:${port}/`, trust: 'tenant' });
    expect(await codeOf(untrusted)).toBe('OUTBOUND_UNREACHABLE');
    for (const client of clients) client.close();
    await new Promise((resolve) => server.close(resolve));
  });
});
