// Tenants that keep their pipelines in repositories of a Git server on this machine, and ask over HTTP.
import { afterAll, expect } from 'vitest';
import type { TestDatabase } from '#db/testing/index.ts';
import { serveTestConnections } from '#server/connections/testing/index.ts';
import { makeKey, openWeb } from '#server/http/testing/index.ts';
import { documentOf, openTenant } from '#server/pipelines/testing/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';

export type Body = Record<string, unknown> & { counts?: Record<string, number>; items?: Record<string, unknown>[] };
export type Ask = (route: string, body?: unknown) => Promise<{ status: number; body: Body }>;

/** The web process, which may reach this machine until the file is done. */
export async function openGitopsTenants(db: TestDatabase) {
  const web = await openWeb(db);
  serveTestConnections({ allowCidrs: ['127.0.0.1/32'] });
  afterAll(() => serveTestConnections());

  /** A tenant with a key and a table `facts`. */
  async function openCaller(slug: string): Promise<{ ctx: Ctx; ask: Ask }> {
    const ctx = await openTenant(db, slug);
    const key = await makeKey(db, ctx.tenant);
    const ask: Ask = async (route, body) => {
      const [method = 'GET', path = ''] = route.split(' ');
      const answer = await web.fetch(`/api/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        ...(method === 'GET' ? {} : { body: JSON.stringify(body ?? {}) }),
      });
      return { status: answer.status, body: (await answer.json()) as Body };
    };
    return { ctx, ask };
  }
  return openCaller;
}

/** Makes a Git connection and has the tenant's documents lie there. */
export async function connect(ask: Ask, name: string, config: object, secrets: object = {}): Promise<void> {
  const made = await ask('POST /connections', { name, kind: 'git', config, secrets });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  expect(await ask('PUT /gitops/source', { connection: name })).toMatchObject({ status: 200 });
}

/** JSON is YAML. */
export const text = (...documents: unknown[]) =>
  documents.map((one) => `---\n${JSON.stringify(one, null, 1)}\n`).join('');
export const describing = (name: string, description: string) => documentOf(name, { description });
