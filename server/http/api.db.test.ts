// What a client meets at the API's doors, over a real listening server.
import { request } from 'node:http';
import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { hashPassword } from '#server/lib/index.ts';
import { createTenant, type Tenant } from '#server/tenancy/index.ts';
import { CRON_SECRET, METRICS_TOKEN, makeKey, makeSession, openWeb } from './testing/index.ts';

const db = await testDatabase();
const web = await openWeb(db);
const closed = await openWeb(db, { cronSecret: undefined, metricsToken: undefined });
const secure = await openWeb(db, { publicUrl: 'https://mainspring.example' });

const JSON_TYPE = { 'content-type': 'application/json' };
let tenant: Tenant;
let key: string;
let cookie: string;

beforeAll(async () => {
  tenant = await createTenant(db.owner, { slug: 'acme', name: 'Acme' });
  key = await makeKey(db, tenant);
  cookie = await makeSession(db, tenant);
});

const auth = () => ({ authorization: `Bearer ${key}` });
const document = (name: string, description = '') => ({
  kind: 'pipeline',
  version: '1.0',
  metadata: { name, description },
  nodes: [
    {
      id: 'src',
      kind: 'source',
      config: { type: 'file', format: 'ndjson', path: '*.ndjson', columns: [{ name: 'n', type: 'integer' }] },
    },
    { id: 'tgt', kind: 'target', inputs: ['src'], config: { type: 'table', table: 'numbers', mode: 'append' } },
  ],
});
const send = (method: string, path: string, body: unknown, headers: Record<string, string> = auth()) =>
  web.fetch(path, { method, headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify(body) });
const post = (path: string, body: unknown, headers?: Record<string, string>) => send('POST', path, body, headers);

async function makePipeline(name: string): Promise<string> {
  const response = await post('/api/v1/pipelines', { document: document(name), publish: true });
  expect(response.status).toBe(201);
  return ((await response.json()) as { id: string }).id;
}
const countRuns = async (pipelineId: string) =>
  (await db.owner<{ n: number }[]>`select count(*)::int as n from runs where pipeline_id = ${pipelineId}`)[0]!.n;
const pipelineNames = async () =>
  (await db.owner<{ name: string }[]>`select name from pipelines order by name`).map((row) => row.name);

async function expectProblem(response: Response, status: number, code: string): Promise<Record<string, unknown>> {
  const body = (await response.json()) as Record<string, unknown>;
  expect([response.status, body]).toEqual([
    status,
    expect.objectContaining({ code, message: expect.any(String), errorId: expect.stringMatching(/^[0-9a-f-]{36}$/) }),
  ]);
  expect(response.headers.get('content-type')).toContain('application/json');
  return body;
}

describe('an error', () => {
  it('is JSON of one shape for whatever goes wrong', async () => {
    await expectProblem(await web.fetch('/api/v1/nowhere', { headers: auth() }), 404, 'ROUTE_NOT_FOUND');
    await expectProblem(await web.fetch('/api/nowhere'), 404, 'ROUTE_NOT_FOUND');
    await expectProblem(await web.fetch('/api/v1/pipelines'), 401, 'UNAUTHENTICATED');
    await expectProblem(await web.fetch('/api/v1/pipelines?limit=0', { headers: auth() }), 400, 'INPUT_INVALID');
    await expectProblem(await web.fetch('/api/v1/pipelines?cursor=xxxx', { headers: auth() }), 400, 'INPUT_INVALID');
    await expectProblem(await web.fetch('/api/v1/runs/not-an-id', { headers: auth() }), 400, 'INPUT_INVALID');
    await expectProblem(await web.fetch('/api/v1/pipelines/none', { headers: auth() }), 404, 'PIPELINE_NOT_FOUND');
    await expectProblem(await post('/api/v1/pipelines', { document: { kind: 'pipeline' } }), 422, 'DOCUMENT_INVALID');
  });

  it('says what was wrong and where', async () => {
    const response = await web.fetch('/api/v1/pipelines?limit=1000', { headers: auth() });
    const body = await expectProblem(response, 400, 'INPUT_INVALID');
    expect(body.details).toEqual({ issues: [{ pointer: '/limit', message: expect.any(String) }] });
  });

  it.each([
    ['no JSON', '{"document":', JSON_TYPE],
    ['a list', '[1]', JSON_TYPE],
    ['text', '"x"', JSON_TYPE],
    ['null', 'null', JSON_TYPE],
    ['text that cannot be stored', '{"document":{"metadata":{"name":"a\\u0000"}}}', JSON_TYPE],
    ['half a character', '{"document":"\\ud800"}', JSON_TYPE],
  ])('is 400 for a body that is %s', async (_what, body, headers) => {
    const response = await web.fetch('/api/v1/pipelines', { method: 'POST', headers: { ...auth(), ...headers }, body });
    await expectProblem(response, 400, 'INPUT_INVALID');
  });

  it.each([
    ['a form', 'document=1', 'application/x-www-form-urlencoded'],
    ['JSON sent as text', '{"document":{}}', 'text/plain'],
    ['JSON in disguise', '{"document":{}}', 'application/jsonp'],
  ])('is 415 for a body that is %s', async (_what, body, type) => {
    const headers = { ...auth(), 'content-type': type };
    const response = await web.fetch('/api/v1/pipelines', { method: 'POST', headers, body });
    await expectProblem(response, 415, 'MEDIA_TYPE_UNSUPPORTED');
  });

  it.each([
    ['DELETE', '/api/v1/pipelines', 'GET, HEAD, POST'],
    ['PATCH', '/api/v1/runs/018f0000-0000-7000-8000-000000000000', 'GET, HEAD'],
    ['POST', '/api/v1/openapi.json', 'GET, HEAD'],
    ['DELETE', '/api/v1/cron/outbox-reaper', 'GET, HEAD, POST'],
    ['OPTIONS', '/api/v1/validate', 'POST'],
    ['POST', '/health', 'GET, HEAD'],
    ['PUT', '/metrics', 'GET, HEAD'],
  ])('is 405 with Allow for %s %s', async (method, path, allow) => {
    const response = await web.fetch(path, { method });
    expect(response.headers.get('allow')).toBe(allow);
    await expectProblem(response, 405, 'METHOD_NOT_ALLOWED');
  });

  it('is 413 for a body over one megabyte, with and without its length said before', async () => {
    const big = JSON.stringify({ document: 'x'.repeat(1024 * 1024) });
    const whole = await web.fetch('/api/v1/pipelines', {
      method: 'POST',
      headers: { ...auth(), ...JSON_TYPE },
      body: big,
    });
    await expectProblem(whole, 413, 'BODY_TOO_LARGE');
    const inParts = await web.fetch('/api/v1/pipelines', {
      method: 'POST',
      headers: { ...auth(), ...JSON_TYPE },
      body: new Blob([big]).stream(),
      duplex: 'half',
    } as RequestInit);
    await expectProblem(inParts, 413, 'BODY_TOO_LARGE');
  });

  it('of tRPC has the same fields in its data, and no stack', async () => {
    const cases: [Response, number, string][] = [
      [await web.fetch('/trpc/nothing.here', { headers: auth() }), 404, 'ROUTE_NOT_FOUND'],
      [await web.fetch('/trpc/pipelines.list'), 401, 'UNAUTHENTICATED'],
      [
        await web.fetch('/trpc/pipelines.list', { headers: { authorization: 'Bearer ms_wrong' } }),
        401,
        'UNAUTHENTICATED',
      ],
      [
        await web.fetch('/trpc/pipelines.get?input=%7B%22id%22%3A%22none%22%7D', { headers: auth() }),
        404,
        'PIPELINE_NOT_FOUND',
      ],
      [await web.fetch('/trpc/pipelines.get?input=nonsense', { headers: auth() }), 400, 'INPUT_INVALID'],
      [
        await web.fetch('/trpc/pipelines.create', { method: 'POST', headers: { ...auth(), ...JSON_TYPE }, body: '{' }),
        400,
        'INPUT_INVALID',
      ],
      [
        await web.fetch('/trpc/pipelines.create', {
          method: 'POST',
          headers: { ...auth(), 'content-type': 'text/plain' },
          body: '{}',
        }),
        415,
        'MEDIA_TYPE_UNSUPPORTED',
      ],
      [await web.fetch('/trpc/pipelines.create?input=%7B%7D', { headers: auth() }), 405, 'METHOD_NOT_ALLOWED'],
    ];
    for (const [response, status, code] of cases) {
      const { error } = (await response.json()) as { error: { message: string; data: Record<string, unknown> } };
      expect([response.url, response.status, error.data]).toEqual([
        response.url,
        status,
        expect.objectContaining({ code, message: error.message, errorId: expect.stringMatching(/^[0-9a-f-]{36}$/) }),
      ]);
      expect(error.data.stack).toBeUndefined();
    }
  });

  it('refuses a tRPC batch of more than twenty calls', async () => {
    const batch = (size: number) => {
      const calls = Array.from({ length: size }, () => 'runs.list').join(',');
      const inputs = Object.fromEntries(Array.from({ length: size }, (_, index) => [index, {}]));
      return web.fetch(`/trpc/${calls}?batch=1&input=${encodeURIComponent(JSON.stringify(inputs))}`, {
        headers: auth(),
      });
    };
    expect((await batch(21)).status).toBe(400);
    expect((await batch(1_000)).status).toBeGreaterThanOrEqual(400);
    expect((await batch(20)).status).toBe(200);
  });
});

describe('every answer', () => {
  const answers = async () => [
    await web.fetch('/whoami'),
    await web.fetch('/api/v1/pipelines', { headers: auth() }),
    await web.fetch('/api/v1/nowhere'),
    await web.fetch('/trpc/runs.list'),
    await web.fetch('/health'),
  ];

  it('carries the security headers, with a new nonce each time', async () => {
    const nonces = new Set<string>();
    for (const response of await answers()) {
      const policy = response.headers.get('content-security-policy') ?? '';
      expect([response.url, policy]).toEqual([response.url, expect.stringContaining("default-src 'self'")]);
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/script-src[^;]*unsafe/);
      nonces.add(policy.match(/'nonce-([A-Za-z0-9+/=]{24})'/)?.[1] ?? '');
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      expect(response.headers.get('referrer-policy')).toBe('same-origin');
      expect(response.headers.get('strict-transport-security')).toBeNull();
    }
    expect(nonces.size).toBe((await answers()).length);
    expect(nonces.has('')).toBe(false);
  });

  it('insists on https exactly where the installation is https', async () => {
    const response = await secure.fetch('/whoami');
    expect(response.headers.get('strict-transport-security')).toContain('max-age=31536000');
  });

  it('tells the page the nonce of its own policy, also for a body that came in parts', async () => {
    const inParts = {
      method: 'POST',
      body: new Blob(['hello']).stream(),
      duplex: 'half',
      headers: { origin: web.baseUrl },
    };
    for (const init of [{}, inParts as RequestInit]) {
      const response = await web.fetch('/whoami', init);
      const { nonce, body } = (await response.json()) as { nonce: string; body: string };
      expect(nonce).not.toBe('');
      expect(response.headers.get('content-security-policy')).toContain(`'nonce-${nonce}'`);
      if ('body' in init) expect(body).toBe('hello');
    }
  });

  it('echoes a harmless X-Request-Id and makes one of its own instead of any other', async () => {
    const given = await web.fetch('/api/v1/pipelines', { headers: { ...auth(), 'x-request-id': 'client-7:a.b' } });
    expect(given.headers.get('x-request-id')).toBe('client-7:a.b');
    const failed = await web.fetch('/api/v1/nowhere', { headers: { 'x-request-id': 'client-8' } });
    expect(failed.headers.get('x-request-id')).toBe('client-8');
    for (const bad of ['has space', 'x'.repeat(101), '<script>']) {
      const response = await web.fetch('/livez', { headers: { 'x-request-id': bad } });
      expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    }
  });
});

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

describe('GET', () => {
  it('never changes anything: no mutation answers to it, by either door', async () => {
    const id = await makePipeline('get-me');
    for (const verb of ['publish', 'run', 'pause', 'resume'])
      for (const method of ['GET', 'HEAD']) {
        const response = await web.fetch(`/api/v1/pipelines/${id}/${verb}`, { method, headers: auth() });
        expect([verb, method, response.status]).toEqual([verb, method, 405]);
      }
    const input = encodeURIComponent(JSON.stringify({ id }));
    const byTrpc = await web.fetch(`/trpc/pipelines.run?input=${input}`, { headers: auth() });
    expect(byTrpc.status).toBe(405);
    const inBatch = await web.fetch(
      `/trpc/pipelines.run?batch=1&input=${encodeURIComponent(JSON.stringify({ 0: { id } }))}`,
      {
        headers: auth(),
      },
    );
    expect(inBatch.status).toBe(405);
    expect(await countRuns(id)).toBe(0);
  });
});

describe('the cron route', () => {
  const path = '/api/v1/cron/flow-scheduler-tick';

  it.each(['GET', 'POST'])('ticks by %s with the secret as Bearer or x-cron-secret', async (method) => {
    const both: Record<string, string>[] = [
      { authorization: `Bearer ${CRON_SECRET}` },
      { 'x-cron-secret': CRON_SECRET },
    ];
    for (const headers of both) {
      const response = await web.fetch(path, { method, headers });
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ ok: true, skipped: false, due: 0, fired: 0, verdicts: {} });
    }
  });

  it('is closed to everyone else, a key and a session included', async () => {
    const none: Record<string, string>[] = [
      {},
      { authorization: `Bearer ${CRON_SECRET}x` },
      { 'x-cron-secret': '' },
      { 'x-cron-secret': CRON_SECRET.slice(1) },
      { authorization: `Basic ${CRON_SECRET}` },
      auth(),
      { cookie },
    ];
    for (const headers of none)
      await expectProblem(await web.fetch(path, { method: 'POST', headers }), 401, 'UNAUTHENTICATED');
  });

  it('is closed to everyone where no secret is configured', async () => {
    for (const headers of [
      {},
      { 'x-cron-secret': '' },
      { 'x-cron-secret': 'undefined' },
      { authorization: 'Bearer undefined' },
    ])
      await expectProblem(
        await closed.fetch(path, { method: 'POST', headers: headers as Record<string, string> }),
        401,
        'UNAUTHENTICATED',
      );
  });

  it('fires what is due', async () => {
    const id = await makePipeline('due-now');
    // The rule's own instants are far away: at the top of an hour an hourly one would have two due.
    const halfADayOff = (Math.floor(Date.now() / 60_000) + 720) % 1440;
    await db.owner`insert into schedules (tenant_id, pipeline_id, version, schedule, policies, next_fire_at)
      select ${tenant.id}, ${id}, 1, jsonb_build_object('kind', 'interval', 'minutes', 1440, 'phaseMinutes', ${halfADayOff}::int),
        '{"overlap":"skip","catchUp":"last","catchUpWindowMinutes":10080,"catchUpCap":100,"onPause":"drop","dst":{"gap":"shift","fold":"auto"},"jitterSeconds":0,"maxConcurrentRuns":1}'::jsonb,
        now() - interval '5 seconds'`;
    const response = await web.fetch(path, { method: 'POST', headers: { 'x-cron-secret': CRON_SECRET } });
    expect(await response.json()).toMatchObject({ due: 1, fired: 1, verdicts: { fired: 1 } });
    expect(await countRuns(id)).toBe(1);
  });
});

describe('probes', () => {
  it('answer without a credential; details are for those who have one', async () => {
    expect(await (await web.fetch('/livez')).text()).toBe('ok');
    expect(await (await web.fetch('/readyz')).text()).toBe('ok');
    const open = (await (await web.fetch('/health')).json()) as Record<string, unknown>;
    expect(open).not.toHaveProperty('failed_pipelines');
    const known = await (await web.fetch('/health', { headers: auth() })).json();
    expect(known).toMatchObject({ failed_pipelines: [], components: { database: { status: 'ok' } } });
  });

  it('give metrics to the token only, and to nobody where there is none', async () => {
    expect((await web.fetch('/metrics')).status).toBe(401);
    expect((await web.fetch('/metrics', { headers: auth() })).status).toBe(401);
    expect((await closed.fetch('/metrics', { headers: { authorization: 'Bearer undefined' } })).status).toBe(401);
    const response = await web.fetch('/metrics', { headers: { authorization: `Bearer ${METRICS_TOKEN}` } });
    expect(await response.text()).toContain('procedure_duration_seconds');
  });
});

describe('an Idempotency-Key', () => {
  const run = (id: string, idempotencyKey: string, body: unknown = {}) =>
    post(`/api/v1/pipelines/${id}/run`, body, { ...auth(), 'idempotency-key': idempotencyKey });

  it('makes a second request answer as the first and do nothing', async () => {
    const id = await makePipeline('once');
    const [first, second] = [await run(id, 'a'), await run(id, 'a')];
    expect([first.status, second.status]).toEqual([202, 202]);
    const body = await first.json();
    expect(await second.json()).toEqual(body);
    expect(await countRuns(id)).toBe(1);
    expect(await (await run(id, 'b')).json()).not.toEqual(body);
    expect(await countRuns(id)).toBe(2);
  });

  it('makes ten at once one effect with one answer', async () => {
    const id = await makePipeline('at-once');
    const answers = await Promise.all(Array.from({ length: 10 }, async () => (await run(id, 'at once')).json()));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(await countRuns(id)).toBe(1);
  });

  it('used with another request is refused', async () => {
    const [one, two] = [await makePipeline('reused'), await makePipeline('reused-other')];
    await run(one, 'reused');
    await expectProblem(await run(two, 'reused'), 409, 'IDEMPOTENCY_KEY_REUSED');
    expect(await countRuns(two)).toBe(0);
  });

  it('is forgotten when the request failed, so that it can be tried again', async () => {
    const body = { document: document('tried-again') };
    const make = () => post('/api/v1/pipelines', body, { ...auth(), 'idempotency-key': 'again' });
    await db.owner`insert into pipelines (tenant_id, name) values (${tenant.id}, 'tried-again')`;
    await expectProblem(await make(), 409, 'PIPELINE_NAME_TAKEN');
    await db.owner`delete from pipelines where name = 'tried-again'`;
    expect((await make()).status).toBe(201);
  });

  it('of one operation or tenant means nothing to another', async () => {
    const id = await makePipeline('shared-key');
    await run(id, 'shared');
    const paused = await post(`/api/v1/pipelines/${id}/publish`, {}, { ...auth(), 'idempotency-key': 'shared' });
    expect(paused.status).toBe(200);
    const other = await createTenant(db.owner, { slug: 'other', name: 'Other' });
    const otherKey = { authorization: `Bearer ${await makeKey(db, other)}` };
    const made = await post(
      '/api/v1/pipelines',
      { document: document('mine') },
      { ...otherKey, 'idempotency-key': 'shared' },
    );
    expect(made.status).toBe(201);
  });

  it('works the same by tRPC, and shares its memory with REST', async () => {
    const id = await makePipeline('both-doors');
    const headers = { ...auth(), 'idempotency-key': 'both' };
    const byTrpc = (await (await post('/trpc/pipelines.run', { id }, headers)).json()) as { result: { data: unknown } };
    const byRest = await (await run(id, 'both')).json();
    expect(byRest).toEqual(byTrpc.result.data);
    expect(await countRuns(id)).toBe(1);
  });

  it('has at most 200 characters', async () => {
    const id = await makePipeline('long-key');
    await expectProblem(await run(id, 'x'.repeat(201)), 400, 'INPUT_INVALID');
  });
});

describe('saving a document', () => {
  const save = (id: string, baseVersion: number, description: string) =>
    send('PUT', `/api/v1/pipelines/${id}/ir`, { baseVersion, document: document('edited', description) });

  it('on top of a version that is no longer the latest is refused and loses nothing', async () => {
    const id = await makePipeline('edited');
    expect(await (await save(id, 1, 'first')).json()).toMatchObject({ version: 2 });
    const stale = await expectProblem(await save(id, 1, 'second'), 409, 'VERSION_STALE');
    expect(stale.details).toEqual({ latestVersion: 2, baseVersion: 1 });
    const ir = (await (await web.fetch(`/api/v1/pipelines/${id}/ir`, { headers: auth() })).json()) as Record<
      string,
      unknown
    >;
    expect(ir).toMatchObject({ version: 2, document: { metadata: { description: 'first' } } });
  });

  it('by ten at once lets one through', async () => {
    const id = await makePipeline('edited-at-once');
    const body = (description: string) => ({ baseVersion: 1, document: document('edited-at-once', description) });
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => send('PUT', `/api/v1/pipelines/${id}/ir`, body(`${index}`))),
    );
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, ...Array.from({ length: 9 }, () => 409)]);
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
