// What every answer of the web process carries, and what its routes without a tenant say.
import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { expectProblem, openApi } from './testing/api.ts';
import { CRON_SECRET, METRICS_TOKEN, openWeb } from './testing/index.ts';

const db = await testDatabase();
const { web, tenant, cookie, auth, makePipeline, countRuns } = await openApi(db);
const closed = await openWeb(db, { cronSecret: undefined, metricsToken: undefined });
const secure = await openWeb(db, { publicUrl: 'https://mainspring.example' });

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
