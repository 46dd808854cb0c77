// /metrics and /log-level, for whoever runs the installation.
import { Hono } from 'hono';
import type { Pool } from '#db/client.ts';
import { getLogLevels, PutLogLevelInput, putLogLevel } from '#server/fleet/index.ts';
import { type Logger, registry, requireStorable, ServiceError } from '#server/lib/index.ts';
import type { Variables } from './base-app.ts';
import { limitBody } from './body-limit.ts';
import { type OperationsDoor, requireOperator } from './operations-door.ts';

const MAX_BODY_BYTES = 10_000;

export function operationsRoutes(deps: { pool: Pool; log: Logger; door: OperationsDoor }) {
  const app = new Hono<{ Variables: Variables }>();
  app.get('/metrics', async (c) => {
    await requireOperator(c.req.raw, deps.door);
    return c.text(await registry.metrics(), 200, { 'Content-Type': registry.contentType });
  });
  app.get('/log-level', async (c) => {
    await requireOperator(c.req.raw, deps.door);
    return c.json(await getLogLevels(deps.pool));
  });
  app.put('/log-level', limitBody(MAX_BODY_BYTES), async (c) => {
    const actor = await requireOperator(c.req.raw, deps.door);
    const input = await readInput(c.req.raw);
    return c.json(await putLogLevel({ ...deps, actor, requestId: c.get('requestId') }, input));
  });
  return app;
}

async function readInput(request: Request) {
  if (!/^application\/json\b/i.test(request.headers.get('content-type') ?? ''))
    throw new ServiceError('INPUT_INVALID', 'send the body as application/json');
  const body: unknown = await request.json().catch(() => null);
  requireStorable(body);
  const parsed = PutLogLevelInput.safeParse(body);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => ({ pointer: `/${path.join('/')}`, message }));
  throw new ServiceError('INPUT_INVALID', issues.map((one) => `${one.pointer}: ${one.message}`).join('; '), { issues });
}
