import { Hono } from 'hono';
import { CRON_JOBS, type JobDependencies } from './jobs.ts';

/**
 * One route per job, by GET and POST, for schedulers outside. `authorize` throws for a caller without the
 * cron secret; what a job throws is the server's onError to answer.
 */
export function cronRoutes(authorize: (headers: Headers) => void, deps: JobDependencies): Hono {
  const app = new Hono();
  for (const job of CRON_JOBS) {
    app.on(['GET', 'POST'], `/${job.path}`, async (c) => {
      authorize(c.req.raw.headers);
      return c.json(await job.run(deps));
    });
  }
  return app;
}
