// The web process's routes on a port, with pages that only say who asks, and tenants to call them as.
import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { afterAll } from 'vitest';
import type { TestDatabase } from '#db/testing/index.ts';
import { newApiKey, SCOPES, type Scope, storeApiKey } from '#server/auth/index.ts';
import { serveTestConnections } from '#server/connections/testing/index.ts';
import { createLogger, hashToken, newToken, transaction } from '#server/lib/index.ts';
import type { Role, Tenant } from '#server/tenancy/index.ts';
import { createLiveHub } from '#server/web/index.ts';
import { listen, type WebOptions, webApp } from '../index.ts';

export { makeFilledTenant } from './filled-tenant.ts';

export const CRON_SECRET = 'cron-secret-of-the-test';
export const METRICS_TOKEN = 'metrics-token-of-the-test';

export type TestWeb = Awaited<ReturnType<typeof openWeb>>;

/** Listens until the file is done. The page `/whoami` and the form action `/form` stand for the real pages. */
export async function openWeb(db: TestDatabase, options: Partial<WebOptions> = {}) {
  const log = options.log ?? createLogger({ level: 'silent', tier: 'test' });
  const live = options.live ?? createLiveHub({ pool: db.app, log, sessionIdleSeconds: 3_600 });
  serveTestConnections();
  const app = await webApp(
    {
      ...{ pool: db.app, cronPool: db.worker, log, processId: 'test', isDevelopment: false, publicUrl: null },
      ...{ cronSecret: CRON_SECRET, metricsToken: METRICS_TOKEN },
      ...{ sessionIdleSeconds: 3_600, sessionLifetimeSeconds: 3_600, live },
      ...options,
    },
    async (getLoadContext) => {
      const pages = new Hono<{ Bindings: HttpBindings }>();
      pages.all('/whoami', async (c) => {
        const { session, cspNonce } = await getLoadContext(c.req.raw);
        return c.json({ email: session?.user.email ?? null, nonce: cspNonce, body: await c.req.text() });
      });
      pages.post('/sign-in', async (c) => {
        const context = await getLoadContext(c.req.raw);
        const { email, password } = await c.req.json<{ email: string; password: string }>();
        const signedIn = await context.signIn(email, password);
        if (signedIn.ok) c.header('Set-Cookie', signedIn.cookie);
        return c.json({ ok: signedIn.ok });
      });
      return pages;
    },
  );
  const server = await listen(app, { host: '127.0.0.1', port: 0 });
  afterAll(async () => {
    live.close();
    await server.close();
  });
  const baseUrl = `http://127.0.0.1:${server.port}`;
  return {
    baseUrl,
    port: server.port,
    fetch: (path: string, init?: RequestInit) => fetch(new URL(path, baseUrl), { redirect: 'manual', ...init }),
  };
}

/** A new key of the tenant, with all scopes unless told otherwise. */
export async function makeKey(db: TestDatabase, tenant: Pick<Tenant, 'id'>, scopes: readonly Scope[] = SCOPES) {
  const key = newApiKey();
  const tenantId = tenant.id;
  await transaction(db.app, { tenantId }, (tx) => storeApiKey(tx, { tenantId, name: 'test', key, scopes }));
  return key;
}

/** The Cookie header of a signed-in person of the tenant. */
export async function makeSession(db: TestDatabase, tenant: Pick<Tenant, 'id'>, role: Role = 'admin'): Promise<string> {
  const token = newToken();
  const email = `${role}-${token.slice(0, 8).toLowerCase()}@example.org`;
  const [user] = await db.owner<{ id: string }[]>`insert into users (email) values (${email}) returning id`;
  await db.owner`insert into memberships (tenant_id, user_id, role) values (${tenant.id}, ${user!.id}, ${role})`;
  await db.app`select auth_session_open(${user!.id}, ${hashToken(token)}, 'test', 3600)`;
  return `mainspring_session=${token}`;
}

export { type Answer as HouseAnswer, type Ask, openHouse } from './house.ts';
