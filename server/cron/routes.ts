import { Hono } from 'hono';
import { requireStorable, ServiceError } from '#server/lib/index.ts';
import { CRON_JOBS } from './jobs.ts';
import { type CronDependencies, runJob } from './run-job.ts';

/** A slot is a due instant: it cannot be far in the future. Unit: milliseconds. */
const MAX_AHEAD_MS = 5 * 60_000;

/**
 * One route per job, by GET and POST, for schedulers outside. `authorize` throws for a caller without the cron
 * secret. `X-Cron-Slot` makes the call a scheduled firing: one run per slot, however often it is called. What the
 * job's failure means is in the answer (500 with `ok: false`); what is thrown is the server's onError to answer.
 */
export function cronRoutes(authorize: (headers: Headers) => void, deps: CronDependencies): Hono {
  const app = new Hono();
  for (const job of deps.jobs ?? CRON_JOBS) {
    app.on(['GET', 'POST'], `/${job.path}`, async (c) => {
      authorize(c.req.raw.headers);
      const slot = slotOf(c.req.header('x-cron-slot'));
      const params = c.req.query();
      requireStorable(params);
      const answer = await runJob(deps, job.name, { trigger: slot ? 'schedule' : 'http', slot, params });
      return c.json(answer.body, answer.status);
    });
  }
  return app;
}

/** @throws ServiceError INPUT_INVALID */
function slotOf(header: string | undefined): Date | null {
  if (header === undefined || header === '') return null;
  const isInstant = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z$/.test(header);
  const slot = new Date(isInstant ? header : Number.NaN);
  if (Number.isNaN(slot.getTime()) || slot.getTime() > Date.now() + MAX_AHEAD_MS)
    throw new ServiceError(
      'INPUT_INVALID',
      `X-Cron-Slot "${header.slice(0, 40)}" must be the due instant in UTC, such as 2026-03-01T04:30:00Z, and not in the future`,
    );
  return slot;
}
