// The web process's routes, from the inside out: probes, REST, tRPC, cron, and the pages for all that is left.
import { randomBytes } from 'node:crypto';
import type { HttpBindings } from '@hono/node-server';
import { getConnInfo } from '@hono/node-server/conninfo';
import type { Hono } from 'hono';
import type { Pool } from '#db/client.ts';
import { type Channels, legacyTickRoute } from '#server/alerts/index.ts';
import {
  answerTrpc,
  apiContext,
  documentRoutes,
  refuseCrossSite,
  requireCronSecret,
  requireCronToken,
  restApi,
  securityHeaders,
} from '#server/api/index.ts';
import { authenticate } from '#server/auth/index.ts';
import { type CronDependencies, cronRoutes, UNCONFIGURED_JOBS } from '#server/cron/index.ts';
import { health, isDatabaseReady } from '#server/fleet/index.ts';
import { type Logger, ServiceError } from '#server/lib/index.ts';
import type { LiveHub, PagesOptions } from '#server/web/index.ts';
import { baseApp, type Variables } from './base-app.ts';
import { limitBody } from './body-limit.ts';
import { answerLive } from './live-route.ts';
import { pagesLoadContext } from './pages-load-context.ts';

export type WebOptions = {
  /** As the app role. */
  pool: Pool;
  /** As the worker role, for the cron routes only. */
  cronPool: Pool;
  log: Logger;
  processId: string;
  isDevelopment: boolean;
  publicUrl: string | null;
  cronSecret: string | undefined;
  /** What the cron jobs are run with, besides pool, log and process; absent: jobs without configuration. */
  cron?: Omit<CronDependencies, 'pool' | 'log' | 'processId'>;
  /** CRON_TOKEN; the legacy tick takes CRON_SECRET too. */
  cronToken?: string | undefined;
  /** How alerts leave; absent: the legacy tick is not served. */
  alertChannels?: Channels;
  metricsToken: string | undefined;
  sessionIdleSeconds: number;
  sessionLifetimeSeconds: number;
  /** Tells open pages what changed; whoever made it closes it before the server. */
  live: LiveHub;
};

const MAX_BODY_BYTES = 1024 * 1024;

/** `mountPages` gets the load-context factory and returns the pages' app. */
export async function webApp(
  options: WebOptions,
  mountPages: (getLoadContext: PagesOptions['getLoadContext']) => Promise<Hono<{ Bindings: HttpBindings }>>,
): Promise<Hono<{ Variables: Variables }>> {
  const { pool, log } = options;
  const isSecure = options.publicUrl?.startsWith('https:') ?? false;
  const origins = { publicUrl: options.publicUrl };
  const deps = { pool, log, sessionIdleSeconds: options.sessionIdleSeconds, origins };
  /** What the pages need to know of a request besides the request. */
  const known = new WeakMap<Request, { nonce: string; requestId: string; address: string | null }>();

  const app = baseApp({
    log,
    isAlive: () => true,
    isReady: () => isDatabaseReady(pool),
    metricsToken: options.metricsToken,
    areMetricsOpen: false,
  });
  app.use('*', async (c, next) => {
    const nonce = randomBytes(16).toString('base64');
    c.set('nonce', nonce);
    await next();
    for (const [name, value] of Object.entries(
      securityHeaders({ nonce, isSecure, isDevelopment: options.isDevelopment }),
    ))
      c.header(name, value);
  });
  app.use('*', limitBody(MAX_BODY_BYTES));
  // After the limit, which puts another request in the place of one whose length is not known before.
  app.use('*', async (c, next) => {
    // With https there is a proxy before us, and every request has its address.
    const address = isSecure ? null : (getConnInfo(c).remote.address ?? 'unknown');
    known.set(c.req.raw, { nonce: c.get('nonce'), requestId: c.get('requestId'), address });
    await next();
  });
  app.get('/health', async (c) => {
    const caller = await authenticate(pool, c.req.raw.headers, options.sessionIdleSeconds).catch(() => null);
    const answer = await health(pool, caller?.tenant ?? null);
    return c.json(answer, answer.status === 'down' ? 503 : 200);
  });
  const contextOf = (request: Request, requestId: string) => apiContext(request, requestId, deps);
  app.route(
    '/api/v1/cron',
    cronRoutes((headers) => requireCronSecret(headers, options.cronSecret), {
      pool: options.cronPool,
      log,
      processId: options.processId,
      ...(options.cron ?? { config: UNCONFIGURED_JOBS }),
    }),
  );
  if (options.alertChannels) {
    app.route(
      '/api/cron/tick',
      legacyTickRoute((headers) => requireCronToken(headers, [options.cronToken, options.cronSecret]), {
        pool: options.cronPool,
        log,
        channels: options.alertChannels,
      }),
    );
  }
  app.route('/api/v1', documentRoutes());
  app.route(
    '/api/v1',
    restApi((c) => contextOf(c.req.raw, c.get('requestId'))),
  );
  app.all('/api/*', (c) => {
    throw new ServiceError('ROUTE_NOT_FOUND', `there is no ${c.req.method} ${c.req.path}`);
  });
  app.all('/trpc/*', (c) =>
    answerTrpc(c.req.raw, () => contextOf(c.req.raw, c.get('requestId')), {
      log,
      requestId: c.get('requestId'),
    }),
  );
  app.get('/live', (c) => answerLive(c.req.raw, { ...deps, live: options.live }));
  app.use('*', async (c, next) => {
    refuseCrossSite(c.req.raw, origins);
    await next();
  });
  const pages = await mountPages((request) =>
    pagesLoadContext(request, known.get(request) ?? { nonce: '', requestId: '', address: null }, {
      ...deps,
      isSecure,
      lifetimeSeconds: options.sessionLifetimeSeconds,
    }),
  );
  app.route('/', pages as unknown as Hono<{ Variables: Variables }>);
  return app;
}
