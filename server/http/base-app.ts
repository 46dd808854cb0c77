// What the web's and the worker's HTTP servers share: request ids, errors, probes, metrics.
import { Hono } from 'hono';
import { answerError, requestIdOf } from '#server/api/index.ts';
import { isSameSecret, type Logger, registry, ServiceError } from '#server/lib/index.ts';

export type BaseOptions = {
  log: Logger;
  /** True while this process's own loops turn; dependencies do not count. */
  isAlive: () => boolean;
  isReady: () => Promise<boolean>;
  metricsToken: string | undefined;
  /** Metrics without a token: only where the port is private. */
  areMetricsOpen: boolean;
};

export type Variables = {
  requestId: string;
  /** Of the content security policy; set by the web only. */
  nonce: string;
};

export function baseApp(options: BaseOptions): Hono<{ Variables: Variables }> {
  const app = new Hono<{ Variables: Variables }>();
  app.use('*', async (c, next) => {
    const requestId = requestIdOf(c.req.raw);
    c.set('requestId', requestId);
    await next();
    c.header('X-Request-Id', requestId);
  });
  app.onError((error, c) => answerError(error, c, options.log));
  app.get('/livez', (c) => (options.isAlive() ? c.text('ok') : c.text('a loop of this process has stopped', 503)));
  app.get('/readyz', async (c) =>
    (await options.isReady()) ? c.text('ok') : c.text('the database does not answer', 503),
  );
  app.get('/metrics', async (c) => {
    if (!options.areMetricsOpen) requireMetricsToken(c.req.raw.headers, options.metricsToken);
    return c.text(await registry.metrics(), 200, { 'Content-Type': registry.contentType });
  });
  return app;
}

function requireMetricsToken(headers: Headers, token: string | undefined): void {
  const given = headers.get('authorization')?.match(/^Bearer\s+(\S+)$/i)?.[1];
  if (!token) throw new ServiceError('UNAUTHENTICATED', 'METRICS_TOKEN is not set on this server: /metrics is closed');
  if (!given || !isSameSecret(given, token))
    throw new ServiceError('UNAUTHENTICATED', 'send METRICS_TOKEN as Authorization: Bearer');
}
