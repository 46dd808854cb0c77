// What a client is told when something is wrong with its request, by REST and tRPC.
import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { expectProblem, JSON_TYPE, openApi } from './testing/api.ts';

const db = await testDatabase();
const { web, auth, post } = await openApi(db);

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
