// With the session cookie nothing is changed by a request of another site, by any route there is; with a key, which no
// other site can send, Origin does not count.
import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { allowedMethods } from '#server/api/index.ts';
import { CRON_JOBS } from '#server/cron/index.ts';
import { audienceOf, bearer, mutations, routeOf } from './testing/doors.ts';
import { makeFilledTenant } from './testing/filled-tenant.ts';
import { makeKey, makeSession, openWeb } from './testing/index.ts';
import { INPUTS, type Names } from './testing/walks.ts';

const db = await testDatabase();
const web = await openWeb(db, { rates: { tenantPerSecond: 100_000, addressPerSecond: 100_000 } });
let names: Names;
let cookie: string;
let key: string;

beforeAll(async () => {
  const made = await makeFilledTenant(db, 'mine');
  names = made.names;
  cookie = await makeSession(db, made.tenant);
  key = await makeKey(db, made.tenant);
});

const ORIGINS: [string, Record<string, string>][] = [
  ['of another site', { origin: 'https://evil.example' }],
  ['null', { origin: 'null' }],
  ['missing', {}],
  ['missing, and the browser says cross-site', { 'sec-fetch-site': 'cross-site' }],
  ['of a sister site', { origin: 'http://evil.127.0.0.1', 'sec-fetch-site': 'same-site' }],
];
const BODIES: [string, (input: unknown) => string][] = [
  ['application/x-www-form-urlencoded', () => 'a=1'],
  ['multipart/form-data; boundary=x', () => '--x--'],
  ['text/plain', (input) => JSON.stringify(input)],
  ['application/json', (input) => JSON.stringify(input)],
];

const changes = async () =>
  (await db.owner<{ n: number }[]>`select count(*)::int as n from audit_log where outcome = 'done'`)[0]!.n;
function addressOf(path: string, input: Record<string, unknown>): string {
  return `/api/v1${routeOf(path).url.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(input[name])))}`;
}

describe.each(mutations)('%s', (path) => {
  const [method, input] = [() => routeOf(path).method, () => INPUTS[path]!(names)[0]!];

  it('with a cookie does nothing for a request that another site could make', async () => {
    const before = await changes();
    const wrong: string[] = [];
    for (const [origin, headers] of ORIGINS)
      for (const [type, body] of BODIES)
        for (const door of ['REST', 'tRPC']) {
          const init = { headers: { ...headers, cookie, 'content-type': type }, body: body(input()) };
          const answer =
            door === 'REST'
              ? await web.fetch(addressOf(path, input()), { method: method(), ...init })
              : await web.fetch(`/trpc/${path}`, { method: 'POST', ...init });
          const said = await answer.text();
          // tRPC takes nothing but JSON and may say so before it asks who is calling.
          const isFine =
            (answer.status === 403 && said.includes('"CROSS_SITE"')) ||
            (door === 'tRPC' && answer.status === 415 && !type.includes('json'));
          if (!isFine) wrong.push(`${door}, Origin ${origin}, ${type}: ${answer.status} ${said.slice(0, 120)}`);
        }
    expect(wrong).toEqual([]);
    expect(await changes()).toBe(before);
  });

  it('is not done by GET, whatever comes with it', async () => {
    const address = addressOf(path, input());
    if (!allowedMethods(address).includes('GET'))
      for (const headers of [{ cookie }, bearer(key), {}])
        expect((await web.fetch(address, { headers: headers as Record<string, string> })).status).toBe(405);
    const before = await changes();
    const query = encodeURIComponent(JSON.stringify(input()));
    expect((await web.fetch(`/trpc/${path}?input=${query}`, { headers: { cookie } })).status).toBe(405);
    expect(await changes()).toBe(before);
  });

  it('with a cookie takes JSON only, and with a key does not ask for an Origin', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded', cookie, origin: web.baseUrl };
    expect((await web.fetch(addressOf(path, input()), { method: method(), headers: form, body: 'a=1' })).status).toBe(
      415,
    );
    if (audienceOf(path) === 'person' || audienceOf(path) === 'instance') return;
    const strange = { ...bearer(key), origin: 'https://evil.example', 'content-type': 'application/json' };
    const answer = await web.fetch(addressOf(path, input()), {
      method: method(),
      headers: strange,
      body: '"no object"',
    });
    expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'INPUT_INVALID' }]);
  });
});

describe('a cron route', () => {
  it.each(CRON_JOBS.map((job) => job.path))('%s takes the cron secret only: no cookie and no key', async (path) => {
    const all: Record<string, string>[] = [{ cookie, origin: web.baseUrl }, bearer(key), { 'x-api-key': key }, {}];
    for (const headers of all)
      for (const method of ['GET', 'POST'])
        expect((await web.fetch(`/api/v1/cron/${path}`, { method, headers })).status).toBe(401);
  });
});
