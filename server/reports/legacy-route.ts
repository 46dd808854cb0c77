import { Hono } from 'hono';
import { ServiceError } from '#server/lib/index.ts';
import { type AlertDependencies, tickAlertsAndReports } from './tick.ts';

/**
 * `POST /api/cron/tick`, for one scheduled rule of a cloud that drives alerts and reports without our worker's loop. `authorize`
 * throws for a caller without the secret. Errors of single rules and deliveries are counted in the answer; a process that
 * is told to stop (`deps.signal`) answers JOB_STOPPED, and what it was at is done by the next call.
 */
export function legacyTickRoute(authorize: (headers: Headers) => void, deps: AlertDependencies): Hono {
  const app = new Hono();
  app.post('/', async (c) => {
    authorize(c.req.raw.headers);
    const startedMs = performance.now();
    const { evaluated, reports, delivered } = await tickAlertsAndReports(deps).catch((error: unknown) => {
      if (!deps.signal?.aborted) throw error;
      throw new ServiceError('JOB_STOPPED', 'this process is ending; the next call does what this one has not done');
    });
    return c.json({
      ok: true,
      ...{ tenants: evaluated.tenants, rules: evaluated.rules, fired: evaluated.fired, resolved: evaluated.resolved },
      ...{ reports: reports.made, errors: evaluated.failed + reports.failed },
      ...{ delivered: delivered.sent, undelivered: delivered.retried + delivered.failed },
      durationMs: Math.round(performance.now() - startedMs),
    });
  });
  return app;
}
