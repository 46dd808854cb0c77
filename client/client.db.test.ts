import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createMainspringClient, MainspringError } from 'mainspring/client';
import { afterAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { copyTable } from '#server/runs/testing/index.ts';
import { openInstallation } from '#workers/testing/installation.ts';
import { exportDocument } from './examples/export-document.ts';
import { listPipelines } from './examples/list-pipelines.ts';
import { pauseForHours } from './examples/pause-with-reason.ts';
import { runAndWait } from './examples/run-and-wait.ts';

const db = await testDatabase();
const there = await openInstallation(db, 'client');
const apiKey = await there.key();
const client = createMainspringClient({ baseUrl: there.baseUrl, apiKey, tenantId: 'client' });
await there.shop.sql('create table numbers (n int); insert into numbers select generate_series(1, 7)');
await there.shop.sql('create table copies (n int)');

const document = (name: string, more: object = {}) => ({
  ...{ kind: 'pipeline', version: '1.0', metadata: { name, labels: { env: 'test' } } },
  nodes: copyTable('numbers', 'copies'),
  ...more,
});
const schedule = { kind: 'interval', minutes: 60 };
await client.pipelines.create.mutate({ document: document('plain'), publish: true });
await client.pipelines.create.mutate({ document: document('hourly', { schedule }), publish: true });
const rejection = (promise: Promise<unknown>) =>
  promise.then(
    () => Promise.reject(new Error('it went well')),
    (error: unknown) => error as MainspringError,
  );

/** What a proxy before the server would see, and do: it answers itself as long as `answers` last. */
const seen: { url: string; method: string; key: string | null }[] = [];
const answers: (() => Response | Promise<Response>)[] = [];
const through = createMainspringClient({
  ...{ baseUrl: there.baseUrl, apiKey, retry: { delayMs: 5 } },
  fetch: async (input, init) => {
    const request = new Request(input as string, init as RequestInit);
    seen.push({ url: request.url, method: request.method, key: request.headers.get('idempotency-key') });
    const own = answers.shift();
    return own ? own() : fetch(request);
  },
});
const busy = () => new Response('busy', { status: 503 });

describe('the examples', () => {
  it('list pipelines by label', async () => {
    expect(await listPipelines(client, ['env:test'])).toEqual(['hourly', 'plain']);
    expect(await listPipelines(client, ['env:other'])).toEqual([]);
  });

  it('run a pipeline and wait for its end', async () => {
    expect(await runAndWait(client, 'plain')).toBe(7);
    expect(await there.shop.sql('select count(*)::int as rows from copies')).toEqual([{ rows: 7 }]);
  });

  it('pause with a reason', async () => {
    expect(await pauseForHours(client, 'hourly', 2, 'source is moving')).toBe(true);
    expect((await client.pipelines.get.query({ id: 'hourly' })).paused).toMatchObject({ reason: 'source is moving' });
    expect(await pauseForHours(client, 'plain', 2, 'no reason')).toBe(false);
  });

  it('export a document that can be saved again unchanged', async () => {
    const text = await exportDocument(client, 'plain');
    const saved = await client.pipelines.saveIr.mutate({ id: 'plain', baseVersion: 1, document: JSON.parse(text) });
    expect(saved.version).toBe(1);
  });
});

describe('createMainspringClient', () => {
  it('rejects with the code, the details, the status and the id that the log has', async () => {
    const error = await rejection(client.runs.get.query({ id: 'not-a-uuid' }));
    expect(error).toBeInstanceOf(MainspringError);
    expect(error).toMatchObject({ code: 'INPUT_INVALID', status: 400, details: { issues: [{ pointer: '/id' }] } });
    expect(error.errorId).toMatch(/\S{8,}/);
    expect(await rejection(client.pipelines.get.query({ id: 'nowhere' }))).toMatchObject({
      ...{
        name: 'MainspringError',
        code: 'PIPELINE_NOT_FOUND',
        message: 'there is no pipeline "nowhere"',
        status: 404,
      },
    });
  });

  it('is refused under a wrong tenant or key', async () => {
    const elsewhere = createMainspringClient({ baseUrl: there.baseUrl, apiKey, tenantId: 'other' });
    expect(await rejection(elsewhere.runs.list.query({}))).toMatchObject({ code: 'TENANT_MISMATCH', status: 403 });
    const stranger = createMainspringClient({ baseUrl: there.baseUrl, apiKey: 'ms_wrong' });
    expect(await rejection(stranger.runs.list.query({}))).toMatchObject({ code: 'UNAUTHENTICATED', status: 401 });
  });

  it('takes a document to validate that no URL could hold', async () => {
    const wide = Array.from({ length: 20 }, (_, i) => ({ name: `column_${i}`, expression: `'${'x'.repeat(2_000)}'` }));
    const [source, target] = copyTable('numbers', 'wide');
    const nodes = [source, { id: 'wide', kind: 'derive', inputs: ['src'], config: { columns: wide } }, target];
    const answer = await client.pipelines.validate.query({ document: document('wide', { nodes }) });
    expect(answer.problems.length).toBeGreaterThan(0);
  });

  it('sends the queries of one tick in one request', async () => {
    seen.length = 0;
    await Promise.all([1, 2, 3].map(() => through.runs.list.query({ limit: 1 })));
    expect(seen.map(({ method, key }) => [method, key])).toEqual([['POST', null]]);
  });

  it('gives each mutation a key, and the same one to each of its tries', async () => {
    seen.length = 0;
    answers.push(busy, () => Promise.reject(new TypeError('fetch failed')));
    await Promise.all([1, 2].map(() => through.pipelines.run.mutate({ id: 'plain' })));
    expect(seen).toHaveLength(4);
    expect(new Set(seen.map(({ key }) => key)).size).toBe(2);
  });

  it('does a mutation once when its answer was lost', async () => {
    answers.length = 0;
    const before = (await client.runs.list.query({})).items.length;
    let isLost = false;
    const lossy = createMainspringClient({
      ...{ baseUrl: there.baseUrl, apiKey, retry: { delayMs: 5 } },
      fetch: async (input, init) => {
        const answer = await fetch(input as string, init as RequestInit);
        if (isLost) return answer;
        isLost = true;
        throw new TypeError('the connection was reset');
      },
    });
    const { runId } = await lossy.pipelines.run.mutate({ id: 'plain' });
    const { items } = await client.runs.list.query({});
    expect(items.length).toBe(before + 1);
    expect(items[0]?.id).toBe(runId);
  });

  it('gives up after its tries, and never repeats what was refused', async () => {
    seen.length = 0;
    answers.push(busy, busy, busy, busy);
    expect(await rejection(through.runs.list.query({}))).toMatchObject({ code: 'UNREACHABLE', status: 503 });
    expect(seen).toHaveLength(4);
    seen.length = 0;
    await rejection(through.pipelines.get.query({ id: 'nowhere' }));
    expect(seen).toHaveLength(1);
  });

  it('says of an address where nothing, or something else, answers what is wrong', async () => {
    const other = createServer((_, response) => response.end('<html>hello</html>'));
    await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
    afterAll(() => other.close());
    const { port } = other.address() as AddressInfo;
    const at = (baseUrl: string) => createMainspringClient({ baseUrl, apiKey, retry: { attempts: 1 } });
    const wrong = await rejection(at(`http://127.0.0.1:${port}`).runs.list.query({}));
    expect(wrong).toMatchObject({ code: 'UNREACHABLE', status: 200, errorId: null });
    expect(wrong.message).toContain('is the address right?');
    const nobody = await rejection(at('http://127.0.0.1:1').runs.list.query({}));
    expect(nobody).toMatchObject({ code: 'UNREACHABLE', status: null });
    expect(nobody.message).toContain('http://127.0.0.1:1 cannot be reached');
  });

  it('stops waiting for the next try when it is aborted', async () => {
    const slow = createMainspringClient({
      ...{ baseUrl: there.baseUrl, apiKey, retry: { delayMs: 60_000, maxDelayMs: 60_000 } },
      fetch: async () => busy(),
    });
    const started = performance.now();
    await rejection(slow.runs.list.query({}, { signal: AbortSignal.timeout(100) }));
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
