// The web process's routes, from the inside out: probes, REST, tRPC, cron, and the pages for all that is left.
import { randomBytes } from 'node:crypto';
import type { HttpBindings } from '@hono/node-server';
import type { Hono } from 'hono';
import type { Pool } from '#db/client.ts';
import type { Channels } from '#server/alerts/index.ts';
import {
  answerTrpc,
  apiContext,
  callsIn,
  documentRoutes,
  refuseCrossSite,
  refuseUnrouted,
  requireCronSecret,
  requireCronToken,
  restApi,
  securityHeaders,
  strangerContext,
} from '#server/api/index.ts';
import { authenticate, type OidcSettings } from '#server/auth/index.ts';
import { type CronDependencies, cronRoutes, UNCONFIGURED_JOBS } from '#server/cron/index.ts';
import { dsarDownloadRoute } from '#server/dsar/index.ts';
import { health, isDatabaseReady } from '#server/fleet/index.ts';
import type { Logger } from '#server/lib/index.ts';
import { ADDRESS_REQUESTS_PER_SECOND, createRateLimits, TENANT_REQUESTS_PER_SECOND } from '#server/limits/index.ts';
import { legacyTickRoute } from '#server/reports/index.ts';
import type { LiveHub, PagesOptions } from '#server/web/index.ts';
import { baseApp, type Variables } from './base-app.ts';
import { limitBody } from './body-limit.ts';
import { callerAddress } from './caller-address.ts';
import { viewerOf } from './health-viewer.ts';
import { limitAnonymous } from './limit-anonymous.ts';
import { answerLive } from './live-route.ts';
import { oidcRoutes } from './oidc-routes.ts';
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
  /** Absent: people sign in by password only. */
  oidc?: OidcSettings | undefined;
  /** Requests a second; absent: the defaults. */
  rates?: { tenantPerSecond: number; addressPerSecond: number };
  /** Proxies of ours before this process: whose X-Forwarded-For is believed. */
  proxyHops?: number;
  /** Tells open pages what changed; whoever made it closes it before the server. */
  live: LiveHub;
};

const MAX_BODY_BYTES = 1024 * 1024;
/** Routes that everybody may ask: no credential is looked at. */
const OPEN_ROUTES = ['/api/v1/openapi.json', '/api/v1/reference', '/api/v1/pipeline.schema.json', '/oidc/*'];

/** `mountPages` gets the load-context factory and returns the pages' app. */
export async function webApp(
  options: WebOptions,
  mountPages: (getLoadContext: PagesOptions['getLoadContext']) => Promise<Hono<{ Bindings: HttpBindings }>>,
): Promise<Hono<{ Variables: Variables }>> {
  const { pool, log } = options;
  const isSecure = options.publicUrl?.startsWith('https:') ?? false;
  const origins = { publicUrl: options.publicUrl };
  const rates = options.rates ?? {
    tenantPerSecond: TENANT_REQUESTS_PER_SECOND,
    addressPerSecond: ADDRESS_REQUESTS_PER_SECOND,
  };
  const limits = createRateLimits({ pool, ...rates });
  /** What the pages need to know of a request besides the request. */
  const known = new WeakMap<Request, { nonce: string; requestId: string; address: string | null }>();
  const addressOf = (request: Request) => known.get(request)?.address ?? null;
  const addressLimit = limitAnonymous(limits, addressOf);
  const { takeForStranger } = addressLimit;
  const deps = { pool, log, sessionIdleSeconds: options.sessionIdleSeconds, origins, limits, takeForStranger };

  const operations = {
    ...{ metricsToken: options.metricsToken, isOpen: false },
    findOperator: async (request: Request) => {
      const caller = await authenticate(pool, request.headers, options.sessionIdleSeconds);
      if (caller?.actor.kind !== 'user' || !caller.actor.isInstanceOperator) return null;
      refuseCrossSite(request, origins);
      return caller.actor;
    },
  };
  const guard = (app: Hono<{ Variables: Variables }>) => {
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
      const address = callerAddress(c, { hops: options.proxyHops ?? 0, isSecure });
      known.set(c.req.raw, { nonce: c.get('nonce'), requestId: c.get('requestId'), address });
      await next();
    });
    app.use('*', addressLimit.middleware);
    for (const open of OPEN_ROUTES) app.use(open, addressLimit.openRoutes);
  };
  const app = baseApp({
    log,
    isAlive: () => true,
    isReady: () => isDatabaseReady(pool),
    ...{ pool, operations, guard },
  });
  app.get('/health', async (c) => {
    const viewer = await viewerOf(c.req.raw, operations, { pool, idleSeconds: options.sessionIdleSeconds });
    if (viewer.kind === 'anybody') takeForStranger(c.req.raw);
    const answer = await health(pool, viewer);
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
        ...(options.cron?.stopping ? { signal: options.cron.stopping } : {}),
      }),
    );
  }
  app.route('/api/v1', documentRoutes());
  app.route(
    '/api/v1',
    dsarDownloadRoute({
      contextOf,
      linkContextOf: (request, requestId) => strangerContext(request, requestId, deps),
    }),
  );
  app.route(
    '/api/v1',
    restApi((c) => contextOf(c.req.raw, c.get('requestId'))),
  );
  app.all('/api/*', addressLimit.openRoutes, refuseUnrouted);
  for (const probe of ['/health', '/livez', '/readyz', '/metrics', '/log-level'])
    app.all(probe, addressLimit.openRoutes, refuseUnrouted);
  app.all('/trpc/*', (c) =>
    answerTrpc(c.req.raw, () => apiContext(c.req.raw, c.get('requestId'), deps, callsIn(c.req.raw)), {
      log,
      requestId: c.get('requestId'),
    }),
  );
  app.get('/live', (c) => answerLive(c.req.raw, { ...deps, live: options.live }));
  if (options.oidc) {
    const lifetimeSeconds = options.sessionLifetimeSeconds;
    const { oidc: settings, publicUrl } = options;
    app.route('/oidc', oidcRoutes({ settings, pool, log, publicUrl, isSecure, lifetimeSeconds, addressOf }));
  }
  app.use('*', async (c, next) => {
    refuseCrossSite(c.req.raw, origins);
    await next();
  });
  const pages = await mountPages((request) =>
    pagesLoadContext(request, known.get(request) ?? { nonce: '', requestId: '', address: null }, {
      ...deps,
      isSecure,
      lifetimeSeconds: options.sessionLifetimeSeconds,
      providerName: options.oidc?.name ?? null,
    }),
  );
  app.route('/', pages as unknown as Hono<{ Variables: Variables }>);
  return app;
}
