// A tenant with a key and a session at the doors of a listening web process, and what tests of the API ask there.
import { expect } from 'vitest';
import type { TestDatabase } from '#db/testing/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { makeKey, makeSession, openWeb } from './index.ts';

export const JSON_TYPE = { 'content-type': 'application/json' };

/** One that reads numbers from files. */
export const document = (name: string, description = '') => ({
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

/** @returns the body of an answer that must be this problem, in the shape of every problem. */
export async function expectProblem(
  response: Response,
  status: number,
  code: string,
): Promise<Record<string, unknown>> {
  const body = (await response.json()) as Record<string, unknown>;
  expect([response.status, body]).toEqual([
    status,
    expect.objectContaining({ code, message: expect.any(String), errorId: expect.stringMatching(/^[0-9a-f-]{36}$/) }),
  ]);
  expect(response.headers.get('content-type')).toContain('application/json');
  return body;
}

/** A web process on a port, with the tenant `acme`, a key with all scopes and an admin's session. */
export async function openApi(db: TestDatabase) {
  const web = await openWeb(db);
  const tenant = await createTenant(db.owner, { slug: 'acme', name: 'Acme' });
  const [key, cookie] = [await makeKey(db, tenant), await makeSession(db, tenant)];
  const auth = () => ({ authorization: `Bearer ${key}` });
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
  return { web, tenant, cookie, auth, send, post, makePipeline, countRuns };
}
