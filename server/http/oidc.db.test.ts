// Signing in by a real OpenID Connect provider over HTTP: npm's oidc-provider with its own pages.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { findReset } from '#server/accounts/index.ts';
import { authenticate, signIn } from '#server/auth/index.ts';
import type { Tenant } from '#server/tenancy/index.ts';
import { openHouse, openWeb } from './testing/index.ts';

const CLIENT = { clientId: 'mainspring', clientSecret: 'the-client-secret-of-the-test' };

type Claims = { email?: string; email_verified?: boolean; name?: string };
/** Who the provider knows; a test may change what it says of them. */
const people: Record<string, Claims> = {
  ada: { email: 'Ada@example.org', email_verified: true, name: 'Ada at the provider' },
  invited: { email: 'invited@example.org', email_verified: true, name: 'Invited Person' },
  stranger: { email: 'stranger@example.org', email_verified: true },
  unverified: { email: 'unverified@example.org', email_verified: false },
  silent: {},
  disabled: { email: 'disabled@example.org', email_verified: true },
};

const listening = (server: Server) =>
  new Promise<number>((done) => server.listen(0, '127.0.0.1', () => done((server.address() as AddressInfo).port)));

const db = await testDatabase();
let handle: ReturnType<Provider['callback']> | null = null;
const server = createServer((request, response) => void handle?.(request, response));
const issuer = `http://127.0.0.1:${await listening(server)}`;
const web = await openWeb(db, { oidc: { ...CLIENT, issuer, name: 'the test' } });
const house = await openHouse(db);
let acme: Tenant;
let ada: string;

beforeAll(async () => {
  const provider = new Provider(issuer, {
    clients: [
      {
        ...{ client_id: CLIENT.clientId, client_secret: CLIENT.clientSecret },
        ...{ redirect_uris: [`${web.baseUrl}/oidc/callback`], response_types: ['code'] },
      },
    ],
    pkce: { required: () => true },
    cookies: { keys: ['a cookie key of the test'] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
  });
  handle = provider.callback();
  acme = await house.tenant('acme');
  ada = await house.person('ada@example.org', [[acme, 'operator']]);
  await house.person('disabled@example.org', [[acme, 'viewer']]);
  await db.owner`update users set disabled_at = now() where email = 'disabled@example.org'`;
});
afterAll(() => new Promise((done) => server.close(done)));

/** A browser that keeps cookies by origin and follows redirects while `goOn` says so. */
function browser() {
  const jars = new Map<string, Map<string, string>>();
  const jarOf = (url: URL) => jars.get(url.origin) ?? jars.set(url.origin, new Map()).get(url.origin)!;
  async function ask(url: URL, body?: URLSearchParams): Promise<Response> {
    const cookie = [...jarOf(url)].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, {
      ...{ redirect: 'manual', headers: { cookie, 'user-agent': 'a test browser' } },
      ...(body ? { method: 'POST', body } : {}),
    });
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = line.split(';')[0]!.split('=', 2);
      if (value === '') jarOf(url).delete(name);
      else jarOf(url).set(name, value);
    }
    return response;
  }
  /** From one of our addresses through the provider's pages to where it ends; `stopAt` looks at each redirect. */
  async function signIn(login: string, stopAt: (url: URL) => boolean = () => false, next = '/data/runs'): Promise<URL> {
    let url = new URL(`/oidc/start?next=${encodeURIComponent(next)}`, web.baseUrl);
    let response = await ask(url);
    for (let step = 0; step < 20; step += 1) {
      const location = response.headers.get('location');
      if (location) {
        url = new URL(location, url);
        const isOver = url.origin === web.baseUrl && !url.pathname.startsWith('/oidc/');
        if (isOver || stopAt(url)) return url;
        response = await ask(url);
        continue;
      }
      const page = await response.text();
      const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1];
      if (!prompt) throw new Error(`the provider answered ${response.status} at ${url}: ${page.slice(0, 500)}`);
      response = await ask(url, new URLSearchParams({ prompt, login, password: 'any' }));
    }
    throw new Error('the sign-in goes in circles');
  }
  const caller = () => {
    const token = jars.get(web.baseUrl)?.get('mainspring_session');
    return authenticate(db.app, new Headers({ cookie: `mainspring_session=${token ?? ''}` }), 600);
  };
  return { ask, signIn, caller };
}

const outcomeOf = async (login: string) => {
  const one = browser();
  const { pathname, search } = await one.signIn(login);
  return { place: pathname + search, caller: await one.caller() };
};
const isCallback = (url: URL) => url.pathname === '/oidc/callback';
const countUsers = async () => (await db.owner<{ n: number }[]>`select count(*)::int as n from users`)[0]!.n;

describe('signing in by the provider', () => {
  it('sends the browser there with PKCE, state and nonce, and to our own address back', async () => {
    const response = await browser().ask(new URL('/oidc/start', web.baseUrl));
    const url = new URL(response.headers.get('location')!);
    expect([response.status, url.origin]).toEqual([302, issuer]);
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      ...{ response_type: 'code', client_id: CLIENT.clientId, code_challenge_method: 'S256' },
      ...{ code_challenge: expect.stringMatching(/^[\w-]{43}$/), redirect_uri: `${web.baseUrl}/oidc/callback` },
      ...{ state: expect.stringMatching(/.{40}/), nonce: expect.stringMatching(/.{40}/) },
    });
    expect(url.searchParams.get('scope')?.split(' ')).toEqual(expect.arrayContaining(['openid', 'email']));
    expect(response.headers.get('set-cookie')).toMatch(/^mainspring_oidc=.*HttpOnly; SameSite=Lax/);
    expect(response.headers.get('set-cookie')).not.toContain(url.searchParams.get('state')!);
  });

  it('opens a session of the user with the verified e-mail, where they wanted to go', async () => {
    const { place, caller } = await outcomeOf('ada');
    expect(place).toBe('/data/runs');
    expect(caller).toMatchObject({ actor: { id: ada, email: 'ada@example.org' }, tenant: { slug: 'acme' } });
  });

  it('goes by the provider’s subject from then on, whatever becomes of the e-mail there', async () => {
    await outcomeOf('ada');
    people.ada = { email: 'ada.new@example.org', email_verified: true };
    people.heir = { email: 'ada@example.org', email_verified: true };
    expect((await outcomeOf('ada')).caller).toMatchObject({ actor: { id: ada } });
    expect(await outcomeOf('heir')).toEqual({ place: '/login?oidc=unknown', caller: null });
  });

  it('makes an account for who is invited, in the role invited to, without a password', async () => {
    const boss = await house.session(await house.person('boss@example.org', [[acme, 'admin']]));
    await boss.ask('POST /invites', { email: 'invited@example.org', role: 'operator' });
    const { place, caller } = await outcomeOf('invited');
    expect(place).toBe('/data/runs');
    expect(caller).toMatchObject({
      actor: { email: 'invited@example.org', role: 'operator' },
      userName: 'Invited Person',
      tenant: { slug: 'acme' },
    });
    const [row] = await db.owner`select password_hash from users where email = 'invited@example.org'`;
    expect(row).toEqual({ password_hash: null });
    expect((await boss.ask('GET /invites')).body.items).toEqual([]);
    expect((await house.audit(acme.id)).at(-1)).toMatchObject({ action: 'user.join', actorId: 'invited@example.org' });
  });

  it.each([
    ['stranger', 'nobody invited'],
    ['unverified', 'whose e-mail the provider does not vouch for'],
    ['silent', 'of whom the provider says no e-mail'],
    ['disabled', 'who is disabled'],
  ])('refuses %s, %s, always in the same words, and makes nothing', async (login) => {
    await db.owner`insert into users (email) values ('unverified@example.org') on conflict do nothing`;
    const before = await countUsers();
    expect(await outcomeOf(login)).toEqual({ place: '/login?oidc=unknown', caller: null });
    expect(await countUsers()).toBe(before);
  });
});

describe('an account that was there before its person first came by the provider', () => {
  it('loses the password, sessions and reset links that somebody else may have made, once', async () => {
    people.ines = { email: 'ines@example.org', email_verified: true };
    const password = 'a spring that somebody else wound';
    const ines = await house.person('ines@example.org', [[acme, 'viewer']], { password });
    const squatter = await house.session(ines);
    const boss = await house.session(await house.person('chief@example.org', [[acme, 'admin']]));
    const made = await boss.ask(`POST /users/${ines}/reset-link`);
    const link = new URL(String(made.body.linkPath), web.baseUrl).searchParams.get('token') ?? '';
    expect(await findReset(db.app, link)).toEqual({ email: 'ines@example.org' });
    expect((await squatter.ask('GET /me')).status).toBe(200);

    expect((await outcomeOf('ines')).caller).toMatchObject({ actor: { id: ines } });
    expect((await squatter.ask('GET /me')).status).toBe(401);
    expect(await findReset(db.app, link)).toBeNull();
    const attempt = { email: 'ines@example.org', address: null, userAgent: 'test', lifetimeSeconds: 60 };
    await expect(signIn(db.app, { ...attempt, password })).rejects.toMatchObject({ code: 'LOGIN_FAILED' });

    // From then on the account is its person's: a further sign-in ends nothing.
    const own = await house.session(ines);
    expect((await outcomeOf('ines')).caller).toMatchObject({ actor: { id: ines } });
    expect((await own.ask('GET /me')).status).toBe(200);
  });
});

describe('a sign-in by the provider that is refused', () => {
  const refusals = () =>
    db.owner<{ log: string; actor: string; code: string; issuer: string; subject: string | null }[]>`
      select coalesce(t.slug, 'instance') as log, a.actor_id as actor, a.details ->> 'code' as code,
        a.details ->> 'issuer' as issuer, a.details ->> 'subject' as subject
      from audit_log a left join tenants t on t.id = a.tenant_id
      where a.outcome = 'refused' and a.action = 'session.open' and a.details ->> 'by' = 'oidc'`;
  /** The answer does not wait for the row. */
  const eventuallyLogged = (row: { log: string; actor: string; code: string; subject: string | null }) =>
    expect.poll(refusals, { timeout: 20_000 }).toContainEqual({ issuer, ...row });

  it('stands in the audit log: whom the provider named, in the instance’s log and in their tenants’', async () => {
    people.nobody = { email: 'nobody@example.org', email_verified: true };
    people.unsure = { email: 'sure@example.org', email_verified: false };
    await house.person('sure@example.org', [[acme, 'viewer']]);
    people.shut = { email: 'shut@example.org', email_verified: true };
    const shut = await house.person('shut@example.org', [[acme, 'viewer']]);
    await db.owner`update users set disabled_at = now() where id = ${shut}`;
    for (const login of ['nobody', 'unsure', 'shut'])
      expect(await outcomeOf(login)).toEqual({ place: '/login?oidc=unknown', caller: null });
    const code = 'OIDC_UNKNOWN';
    await eventuallyLogged({ log: 'instance', actor: 'nobody@example.org', code, subject: 'nobody' });
    for (const log of ['instance', 'acme']) {
      await eventuallyLogged({ log, actor: 'sure@example.org', code, subject: 'unsure' });
      await eventuallyLogged({ log, actor: 'shut@example.org', code, subject: 'shut' });
    }
  });

  it('stands there too when what came back was not what was sent for', async () => {
    const one = browser();
    const url = await one.signIn('ada', isCallback);
    url.searchParams.set('state', 'x'.repeat(43));
    expect((await one.ask(url)).headers.get('location')).toBe('/login?oidc=failed');
    await eventuallyLogged({ log: 'instance', actor: 'anonymous', code: 'OIDC_FAILED', subject: null });
  });
});

describe('where it leads', () => {
  it.each(['/\t/evil.example', '/\n\\evil.example', '//evil.example', '/\\evil.example', 'https://evil.example/'])(
    'is never another site: %j',
    async (next) => {
      const url = await browser().signIn('ada', undefined, next);
      expect(url.href).toBe(`${web.baseUrl}/data/scheduler`);
    },
  );
});

describe('what comes back from the provider', () => {
  const refused = async (change: (url: URL) => void, other = false) => {
    const one = browser();
    const url = await one.signIn('ada', isCallback);
    change(url);
    const by = other ? browser() : one;
    const response = await by.ask(url);
    return [response.headers.get('location'), await by.caller()];
  };

  it.each([
    ['with another state', (url: URL) => url.searchParams.set('state', 'x'.repeat(43))],
    ['without a state', (url: URL) => url.searchParams.delete('state')],
    ['with another code', (url: URL) => url.searchParams.set('code', 'x'.repeat(43))],
    ['from another issuer', (url: URL) => url.searchParams.set('iss', 'https://evil.example')],
    [
      'as an error',
      (url: URL) => {
        url.searchParams.delete('code');
        url.searchParams.set('error', 'access_denied');
      },
    ],
  ])('%s opens nothing', async (_how, change) => {
    expect(await refused(change)).toEqual(['/login?oidc=failed', null]);
  });

  it('to a browser that did not begin opens nothing', async () => {
    expect(await refused(() => {}, true)).toEqual(['/login?oidc=failed', null]);
  });

  it('counts once: the same address a second time opens nothing', async () => {
    const one = browser();
    const url = await one.signIn('ada', isCallback);
    expect((await one.ask(url)).headers.get('location')).toBe('/data/runs');
    expect((await one.ask(url)).headers.get('location')).toBe('/login?oidc=failed');
  });
});
