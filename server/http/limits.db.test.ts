// What a flood meets: limits by tenant and by address, and bodies, batches and depths that are refused before any work.
import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { createTenant, type Tenant } from '#server/tenancy/index.ts';
import { makeKey, makeSession, openWeb } from './testing/index.ts';

const db = await testDatabase();
/** Slow enough that no machine refills a token while a test counts. */
const slow = await openWeb(db, { rates: { tenantPerSecond: 5, addressPerSecond: 5 }, proxyHops: 1 });
const web = await openWeb(db);
const keys = { mine: '', theirs: '' };
let mine: Tenant;

beforeAll(async () => {
  mine = await createTenant(db.owner, { slug: 'mine', name: 'Mine' });
  keys.mine = await makeKey(db, mine);
  keys.theirs = await makeKey(db, await createTenant(db.owner, { slug: 'theirs', name: 'Theirs' }));
});

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
/** Statuses of so many requests at once. */
const flood = async (count: number, path: string, headers: Record<string, string>) => {
  const answers = await Promise.all(Array.from({ length: count }, () => slow.fetch(path, { headers })));
  return { statuses: answers.map((answer) => answer.status), last: answers.find((answer) => answer.status === 429) };
};

describe('the rate of a tenant', () => {
  it('is kept over REST, tRPC and pages together, with Retry-After, and is no other tenant’s', async () => {
    const session = await makeSession(db, mine);
    const { statuses, last } = await flood(60, '/api/v1/runs', bearer(keys.mine));
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(10);
    expect(statuses).toContain(429);
    expect(Number(last?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(await last?.json()).toMatchObject({ code: 'RATE_LIMITED', errorId: expect.any(String) });
    const { last: viaTrpc } = await flood(60, '/trpc/runs.list', bearer(keys.mine));
    expect(Number(viaTrpc?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect((await flood(60, '/whoami', { cookie: session })).statuses).toContain(429);
    const others = await slow.fetch('/api/v1/runs', { headers: bearer(keys.theirs) });
    expect(others.status).toBe(200);
  });

  it('counts every call of a batch', async () => {
    const calls = Array.from({ length: 20 }, () => 'runs.list').join(',');
    const inputs = encodeURIComponent(
      JSON.stringify(Object.fromEntries(Array.from({ length: 20 }, (_, n) => [n, {}]))),
    );
    const key = await makeKey(db, await createTenant(db.owner, { slug: 'batches', name: 'Batches' }));
    const ask = () => slow.fetch(`/trpc/${calls}?batch=1&input=${inputs}`, { headers: bearer(key) });
    expect((await ask()).status).toBe(200);
    expect((await ask()).status).toBe(429);
  });
});

describe('the rate of an address', () => {
  const from = (address: string) => ({ 'x-forwarded-for': `1.2.3.4, ${address}` });

  it('is kept for requests without a credential, by what the proxy says and not the caller', async () => {
    expect((await flood(40, '/health', from('198.51.100.7'))).statuses).toContain(429);
    expect((await slow.fetch('/health', { headers: from('198.51.100.8') })).status).toBe(200);
    expect((await slow.fetch('/health', { headers: { 'x-forwarded-for': '9.9.9.9, 198.51.100.7' } })).status).toBe(429);
  });

  it('of IPv6 is that of its network of 64 bits', async () => {
    const inNetwork = Array.from({ length: 40 }, (_, n) => slow.fetch('/health', { headers: from(`2001:db8::${n}`) }));
    expect((await Promise.all(inNetwork)).map((answer) => answer.status)).toContain(429);
    expect((await slow.fetch('/health', { headers: from('2001:db8:0:1::1') })).status).toBe(200);
  });

  it('keeps neither probes nor callers with a key from their answer', async () => {
    await flood(40, '/health', from('198.51.100.9'));
    const key = await makeKey(db, await createTenant(db.owner, { slug: 'polite', name: 'Polite' }));
    expect((await slow.fetch('/api/v1/runs', { headers: { ...bearer(key), ...from('198.51.100.9') } })).status).toBe(
      200,
    );
    expect((await flood(30, '/livez', from('198.51.100.9'))).statuses).not.toContain(429);
  });
});

describe('a credential that is none', () => {
  const from = (address: string) => ({ 'x-forwarded-for': `1.2.3.4, ${address}` });
  const cookie = { cookie: 'mainspring_session=made-up' };

  it.each([
    [1, 'a key', '/api/v1/runs', bearer('ms_made-up')],
    [2, 'a key over tRPC', '/trpc/runs.list', { 'x-api-key': 'ms_made-up' }],
    [3, 'a key to an address that is none', '/api/v1/nothing-here', bearer('ms_made-up')],
    [4, 'a key to a page, which looks at none', '/whoami', bearer('ms_made-up')],
    [5, 'a key to what everybody may read', '/api/v1/openapi.json', bearer('ms_made-up')],
    [6, 'a key to the health', '/health', bearer('ms_made-up')],
    [7, 'a token to the metrics', '/metrics', bearer('made-up')],
    [8, 'a cron secret', '/api/v1/cron/cleanup', { 'x-cron-secret': 'made-up' }],
    [9, 'a cookie over REST', '/api/v1/runs', cookie],
    [10, 'a cookie to a page', '/whoami', cookie],
    [11, 'a cookie to the live channel', '/live', cookie],
  ])('of case %i, %s, spares nobody the rate of the address', async (n, _what, path, headers) => {
    const address = `198.51.100.${100 + n}`;
    const junk = { ...headers, ...from(address) };
    const { statuses, last } = await flood(40, path, junk);
    expect(statuses).toContain(429);
    expect(await last?.text()).toContain('"RATE_LIMITED"');
    // Who is somebody is not kept waiting by strangers at the same address.
    const key = await makeKey(db, await createTenant(db.owner, { slug: `somebody-${n}`, name: 'Somebody' }));
    const answer = await slow.fetch('/api/v1/runs', { headers: { ...bearer(key), ...from(address) } });
    expect(answer.status).toBe(200);
  });

  it('is what the address pays for, and not a right one', async () => {
    const key = await makeKey(db, await createTenant(db.owner, { slug: 'paying', name: 'Paying' }));
    const right = await flood(8, '/api/v1/runs', { ...bearer(key), ...from('198.51.100.90') });
    expect(new Set(right.statuses)).toEqual(new Set([200]));
    const anonymous = await flood(10, '/health', from('198.51.100.90'));
    expect(new Set(anonymous.statuses)).toEqual(new Set([200]));
  });
});

describe('too much at once', () => {
  const post = (path: string, body: string, headers: Record<string, string> = bearer(keys.mine)) =>
    web.fetch(path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
  const nothingDone = async () => {
    const [row] = await db.owner<{ n: number }[]>`select (select count(*) from pipelines)::int
      + (select count(*) from interaction_history)::int + (select count(*) from idempotency_keys)::int as n`;
    expect(row!.n).toBe(0);
  };

  it.each([
    ['/api/v1/pipelines', 413],
    ['/api/v1/respond', 413],
    ['/trpc/pipelines.create', 413],
  ])('a body of 2 MB to %s is refused', async (path, status) => {
    const answer = await post(path, JSON.stringify({ document: 'x'.repeat(2_000_000) }));
    expect([answer.status, await answer.json()]).toEqual([status, expect.objectContaining({ code: 'BODY_TOO_LARGE' })]);
    await nothingDone();
  });

  it.each(['/api/v1/pipelines', '/api/v1/validate', '/trpc/pipelines.create', '/trpc/pipelines.validate'])(
    'JSON nested 100,000 deep to %s is refused, in lists and in objects',
    async (path) => {
      for (const deep of [
        '['.repeat(100_000) + ']'.repeat(100_000),
        `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
      ]) {
        const answer = await post(path, `{"document":${deep}}`);
        expect([answer.status, (await answer.json()) as unknown]).toEqual([
          400,
          expect.objectContaining({ code: 'INPUT_INVALID' }),
        ]);
      }
      await nothingDone();
    },
  );

  it('JSON nested too deep in a query is refused too', async () => {
    const input = encodeURIComponent('['.repeat(200) + ']'.repeat(200));
    const answer = await web.fetch(`/trpc/runs.list?input=${input}`, { headers: bearer(keys.mine) });
    expect(answer.status).toBe(400);
  });

  it.each(['GET', 'POST'])(
    'a batch of 1,000 paths by %s is refused before anybody is asked who calls',
    async (method) => {
      const path = Array.from({ length: 1_000 }, () => 'runs.list').join(',');
      const [before] = await db.owner`select count(*)::int as n from audit_log`;
      const answer = await web.fetch(`/trpc/${path}?batch=1`, {
        ...{ method, headers: { ...bearer('ms_wrong'), 'content-type': 'application/json' } },
        ...(method === 'POST' ? { body: '{}' } : {}),
      });
      expect([answer.status, await answer.json()]).toEqual([400, expect.objectContaining({ code: 'INPUT_INVALID' })]);
      expect((await db.owner`select count(*)::int as n from audit_log`)[0]).toEqual(before);
    },
  );
});
