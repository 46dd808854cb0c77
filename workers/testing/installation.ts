// A whole installation in the test's own process: the web's routes on a port, and a runner.
import { Hono } from 'hono';
import { afterAll } from 'vitest';
import type { TestDatabase } from '#db/testing/index.ts';
import { newApiKey, SCOPES, type Scope, storeApiKey } from '#server/auth/index.ts';
import { serveTestConnections } from '#server/connections/testing/index.ts';
import { listen, webApp } from '#server/http/index.ts';
import { transaction } from '#server/lib/index.ts';
import { openWorkshop } from '#server/runs/testing/index.ts';
import { createLiveHub } from '#server/web/index.ts';
import { createRunner } from '../runner-loop.ts';

export type TestInstallation = Awaited<ReturnType<typeof openInstallation>>;

/** One tenant, a listening server (without pages) and a running runner; stopped when the file is done. */
export async function openInstallation(db: TestDatabase, slug: string) {
  const shop = await openWorkshop(db, slug);
  const { log } = shop.deps;
  serveTestConnections();
  const app = await webApp(
    {
      ...{ pool: db.app, cronPool: db.worker, log, processId: 'test', isDevelopment: false, publicUrl: null },
      ...{ cronSecret: 'cron-secret-of-the-test', metricsToken: 'metrics-token-of-the-test' },
      ...{ sessionIdleSeconds: 3_600, sessionLifetimeSeconds: 3_600 },
      live: createLiveHub({ pool: db.app, log, sessionIdleSeconds: 3_600 }),
    },
    async () => new Hono(),
  );
  const server = await listen(app, { host: '127.0.0.1', port: 0 });
  const runner = createRunner({
    ...shop.deps,
    ...{ runner: 'test', concurrency: 2, leaseMs: 30_000, pollMs: 50, drainMs: 5_000 },
  });
  runner.start();
  afterAll(async () => {
    await runner.stop();
    await server.close();
  });
  return {
    shop,
    /** For what must stay in the queue. */
    stopRunner: () => runner.stop(),
    baseUrl: `http://127.0.0.1:${server.port}`,
    /** A new key of the tenant. */
    async key(scopes: readonly Scope[] = SCOPES): Promise<string> {
      const key = newApiKey();
      const tenantId = shop.tenant.id;
      await transaction(db.app, { tenantId }, (tx) => storeApiKey(tx, { tenantId, name: 'test', key, scopes }));
      return key;
    },
  };
}
