// What the web's and the worker's HTTP servers share: request ids, errors, probes, metrics.
import { Hono } from 'hono';
import type { Pool } from '#db/client.ts';
import { answerError, requestIdOf } from '#server/api/index.ts';
import type { Logger } from '#server/lib/index.ts';
import type { OperationsDoor } from './operations-door.ts';
import { operationsRoutes } from './operations-routes.ts';

export type BaseOptions = {
  log: Logger;
  /** True while this process's own loops turn; dependencies do not count. */
  isAlive: () => boolean;
  isReady: () => Promise<boolean>;
  /** For log levels. */
  pool: Pool;
  /** Who may see metrics and log levels. */
  operations: OperationsDoor;
  /** Adds what stands before every route but the probes. */
  guard?: (app: Hono<{ Variables: Variables }>) => void;
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
  options.guard?.(app);
  app.route('/', operationsRoutes({ pool: options.pool, log: options.log, door: options.operations }));
  return app;
}
