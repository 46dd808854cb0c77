// What the server takes from a browser that is signed in, and how it signs one in.
import { request } from 'node:http';
import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { hashPassword } from '#server/lib/index.ts';
import { document, JSON_TYPE, openApi } from './testing/api.ts';
import { openWeb } from './testing/index.ts';

const db = await testDatabase();
const { web, tenant, cookie, auth, post } = await openApi(db);
const secure = await openWeb(db, { publicUrl: 'https://mainspring.example' });
const pipelineNames = async () =>
  (await db.owner<{ name: string }[]>`select name from pipelines order by name`).map((row) => row.name);

describe('a request with a session cookie', () => {
  const forms: [string, string, string][] = [
    ['a form', 'application/x-www-form-urlencoded', 'a=1'],
    ['text', 'text/plain', '{}'],
    ['JSON', 'application/json', '{}'],
  ];
  const doors = ['/api/v1/pipelines', '/trpc/pipelines.create'];
  const origins: [string, Record<string, string>][] = [
    ['of another site', { origin: 'https://evil.example' }],
    ['null', { origin: 'null' }],
    ['of our host on another port', { origin: 'http://127.0.0.1:1' }],
    ['that only begins like ours', { origin: `${web.baseUrl}.evil.example` }],
    ['that is missing', {}],
    ['that is missing, from another site', { 'sec-fetch-site': 'cross-site' }],
    ['that is missing, from a sister site', { 'sec-fetch-site': 'same-site' }],
    ['of another site that says it is ours', { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' }],
  ];
  const cases = origins.flatMap(([origin, headers]) =>
    forms.map(([form, type, body]) => ({ origin, headers, form, type, body })),
  );

  it.each(cases)('as $form with an Origin $origin is refused and does nothing', async ({ headers, type, body }) => {
    const before = await pipelineNames();
    for (const door of doors) {
      const response = await rawPost(door, { ...headers, cookie, 'content-type': type }, body);
      // tRPC takes nothing but JSON and says so before it asks who is calling.
      const isUnread = door.startsWith('/trpc') && !type.includes('json');
      expect([door, response.status]).toEqual([door, isUnread ? 415 : 403]);
      if (!isUnread) expect(response.body).toContain('"CROSS_SITE"');
    }
    const page = await rawPost('/whoami', { ...headers, cookie, 'content-type': type }, body);
    expect(page.status).toBe(403);
    expect(await pipelineNames()).toEqual(before);
  });

  it('from our own pages is taken', async () => {
    const body = { document: document('from-a-page') };
    expect((await post('/api/v1/pipelines', body, { cookie, origin: web.baseUrl })).status).toBe(201);
    const again = { document: document('from-a-page-2') };
    const byTrpc = await post('/trpc/pipelines.create', again, { cookie, 'sec-fetch-site': 'same-origin' });
    expect(byTrpc.status).toBe(200);
    expect(await pipelineNames()).toEqual(expect.arrayContaining(['from-a-page', 'from-a-page-2']));
  });

  it('is held to PUBLIC_URL where there is one, whatever the host says', async () => {
    const ask = (origin: string) =>
      secure.fetch('/api/v1/validate', {
        method: 'POST',
        headers: { ...JSON_TYPE, cookie, origin },
        body: '{"document":{}}',
      });
    expect((await ask('https://mainspring.example')).status).toBe(200);
    expect((await ask(secure.baseUrl)).status).toBe(403);
    expect((await ask('http://mainspring.example')).status).toBe(403);
  });

  it('reads without an Origin', async () => {
    expect((await web.fetch('/api/v1/pipelines', { headers: { cookie, 'sec-fetch-site': 'cross-site' } })).status).toBe(
      200,
    );
  });

  it('needs none of that with a key instead, which no other site can send', async () => {
    const body = { document: document('from-a-script') };
    expect((await post('/api/v1/pipelines', body, { ...auth(), origin: 'https://evil.example' })).status).toBe(201);
  });
});

describe('signing in on a page', () => {
  beforeAll(async () => {
    const password_hash = await hashPassword('a good password');
    await db.owner`insert into users (email, password_hash) values ('ada@example.org', ${password_hash})`;
  });
  const signIn = (at: typeof web, origin: string, password: string) => {
    const body = JSON.stringify({ email: 'ada@example.org', password });
    return at.fetch('/sign-in', { method: 'POST', headers: { ...JSON_TYPE, origin }, body });
  };

  it('sets a cookie that is Secure exactly where the installation is https, and that signs in', async () => {
    const plain = await signIn(web, web.baseUrl, 'a good password');
    const set = plain.headers.get('set-cookie') ?? '';
    expect(set).toMatch(/^mainspring_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=3600$/);
    const who = await web.fetch('/whoami', { headers: { cookie: set.split(';')[0]! } });
    // Whoever belongs to no tenant has no session on the pages.
    expect(await who.json()).toMatchObject({ email: null });
    await db.owner`insert into memberships (tenant_id, user_id, role) select ${tenant.id}, id, 'viewer' from users where email = 'ada@example.org'`;
    const again =
      (await signIn(secure, 'https://mainspring.example', 'a good password')).headers.get('set-cookie') ?? '';
    expect(again).toMatch(
      /^__Host-mainspring_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=3600; Secure$/,
    );
    const known = await secure.fetch('/whoami', { headers: { cookie: again.split(';')[0]! } });
    expect(await known.json()).toMatchObject({ email: 'ada@example.org' });
  });

  it('sets none for a wrong password, and is closed to another site', async () => {
    const wrong = await signIn(web, web.baseUrl, 'wrong');
    expect(wrong.headers.get('set-cookie')).toBeNull();
    expect(await wrong.json()).toEqual({ ok: false });
    expect((await signIn(web, 'https://evil.example', 'a good password')).status).toBe(403);
  });
});

/** fetch sets an Origin and refuses some headers; a forged request obeys no such rules. */
function rawPost(
  path: string,
  headers: Record<string, string>,
  body: string,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, web.baseUrl), { method: 'POST', headers }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
