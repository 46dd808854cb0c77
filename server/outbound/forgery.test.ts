// A tenant's URL never makes this server connect to the inner network: not when it is saved, not when it is used.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createOutboundClient, type Resolve } from './index.ts';
import { BAD_URLS, INNER_ANSWERS, INNER_URLS, type Listener, startListener } from './testing/index.ts';

let listener: Listener;
beforeAll(async () => {
  listener = await startListener();
});
afterAll(() => listener.close());
afterEach(() => expect(listener.connections()).toBe(0));

const noResolver: Resolve = () => Promise.reject(new Error('nothing here has a name to resolve'));
const client = createOutboundClient({ allowCidrs: [], resolve: noResolver });
const withPort = (url: string) => url.replace(':port', `:${listener.port}`);

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'taken',
    (error: unknown) => (error as { code?: string }).code ?? String(error),
  );

it('there are at least sixty ways to write an inner address in the walk', () => {
  expect(new Set(INNER_URLS).size).toBeGreaterThanOrEqual(60);
});

describe.each([...INNER_URLS, ...BAD_URLS])('%j', (url) => {
  it('is refused when it is saved', async () => {
    expect(await codeOf(client.checkUrl(withPort(url), { trust: 'tenant' }))).toBe('ADDRESS_REFUSED');
  });

  it('is refused when it is sent to, without a connection', async () => {
    expect(await codeOf(client.request({ url: withPort(url), trust: 'tenant', deadlineMs: 5_000 }))).toBe(
      'ADDRESS_REFUSED',
    );
  });
});

describe.each(INNER_ANSWERS)('a name that resolves to %j, %j', (...answers: string[]) => {
  const named = createOutboundClient({
    allowCidrs: [],
    resolve: async () => answers.filter((one) => one !== undefined),
  });
  it('is refused when it is saved and when it is sent to, and the refusal does not tell the address', async () => {
    const url = withPort('https://hooks.example:port/path');
    for (const attempt of [named.checkUrl(url, { trust: 'tenant' }), named.request({ url, trust: 'tenant' })]) {
      const error = (await attempt.catch((refusal: unknown) => refusal)) as Error & { code: string };
      expect(error.code).toBe('ADDRESS_REFUSED');
      for (const answer of answers.filter(Boolean)) expect(error.message).not.toContain(answer);
    }
  });
});

describe('what a tenant may reach', () => {
  it.each(['93.184.215.14', '2606:2800:21f:cb07::1', '64:ff9b::808:808', '::ffff:8.8.8.8', '8.8.8.8', '172.32.0.1'])(
    'is a name at %s, by https only',
    async (address) => {
      const named = createOutboundClient({ allowCidrs: [], resolve: async () => [address] });
      expect(await named.checkUrl('https://Hooks.Example:8443/a?b#c', { trust: 'tenant' })).toBe(
        'https://hooks.example:8443/a?b',
      );
      expect(await codeOf(named.checkUrl('http://hooks.example/', { trust: 'tenant' }))).toBe('ADDRESS_REFUSED');
    },
  );

  it('is not a name that does not resolve', async () => {
    const refusal = client.checkUrl('https://nowhere.example/', { trust: 'tenant' });
    expect(await codeOf(refusal)).toBe('OUTBOUND_UNREACHABLE');
  });

  it('is an inner range that the operator opened, and nothing beside it', async () => {
    const opened = createOutboundClient({
      allowCidrs: ['10.1.0.0/16', 'fd00:1::/32', '192.168.7.4'],
      resolve: noResolver,
    });
    for (const url of ['http://10.1.2.3/', 'https://[fd00:1::9]/', 'http://192.168.7.4/', 'http://[::ffff:10.1.2.3]/'])
      expect([url, await codeOf(opened.checkUrl(url, { trust: 'tenant' }))]).toEqual([url, 'taken']);
    for (const url of ['http://10.2.2.3/', 'https://[fd00:2::9]/', 'http://192.168.7.5/', 'http://[2002:a01:203::]/'])
      expect([url, await codeOf(opened.checkUrl(url, { trust: 'tenant' }))]).toEqual([url, 'ADDRESS_REFUSED']);
  });

  it.each(['10.0.0.0/33', '10.0.0/8', 'ten', '10.0.0.0/', '012.0.0.0/8'])('is no range written %j', (range) => {
    expect(() => createOutboundClient({ allowCidrs: [range] })).toThrow(range);
  });
});

describe('what an operator sets', () => {
  const METADATA = [
    '169.254.169.254',
    '169.254.170.2',
    '::ffff:169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    '100.100.100.200',
    '192.0.0.192',
    '168.63.129.16',
    'fe80::1',
    'fd00:ec2::254',
    // A tunnel or a translator unpacks them.
    '::169.254.169.254',
    '::ffff:0:169.254.169.254',
    '2002:a9fe:a9fe::1',
    '2002:6464:64c8::',
    '64:ff9b:1::a9fe:a9fe',
    '64:ff9b:1:a9fe:a9:fe00::',
    '64:ff9b:1:a9:fe:a9fe::',
    '64:ff9b:1:1:a9:fea9:fe00:0',
    '2a00:1450:4001::5efe:169.254.169.254',
    'fd12::200:5efe:168.63.129.16',
  ];
  it.each(METADATA)('never leads to %s, when it is saved or sent to, as an address or by a name', async (address) => {
    const named = createOutboundClient({ allowCidrs: [], resolve: async () => ['10.0.0.1', address] });
    for (const host of ['receiver.example', address.includes(':') ? `[${address}]` : address]) {
      const url = `http://${host}:${listener.port}/hook`;
      expect(await codeOf(named.checkUrl(url, { trust: 'operator' }))).toBe('ADDRESS_REFUSED');
      expect(await codeOf(named.request({ url, trust: 'operator', deadlineMs: 5_000 }))).toBe('ADDRESS_REFUSED');
    }
  });

  const INSIDE = [
    ...['10.1.2.3', '127.0.0.1', '192.168.1.1', 'fd12::1', '::1'],
    ...['fd12::5efe:10.1.2.3', '2002:a01:203::1', '64:ff9b:1::a01:203', '::10.1.2.3'],
  ];
  it.each(INSIDE)('may lie inside, at %s', async (address) => {
    const named = createOutboundClient({ allowCidrs: [], resolve: async () => [address] });
    expect(await codeOf(named.checkUrl('http://receiver.example/', { trust: 'operator' }))).toBe('taken');
  });
});
