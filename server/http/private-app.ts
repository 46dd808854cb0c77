// The port that only the operator's own network reaches: METRICS_PORT, WORKER_METRICS_PORT, PUBLISHER_METRICS_PORT. What is here
// needs no token.
import { health, isDatabaseReady } from '#server/fleet/index.ts';
import { type BaseOptions, baseApp } from './base-app.ts';

export function privateApp(options: Omit<BaseOptions, 'operations' | 'isReady'>) {
  const app = baseApp({
    ...options,
    isReady: () => isDatabaseReady(options.pool),
    operations: { metricsToken: undefined, isOpen: true },
  });
  app.get('/health', async (c) => {
    // The worker's role, which publishers have too, may not ask for all tenants' pipelines: statuses and ages are the same for all.
    const answer = await health(options.pool, { kind: 'anybody' });
    return c.json(answer, answer.status === 'down' ? 503 : 200);
  });
  return app;
}
