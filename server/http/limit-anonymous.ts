import type { MiddlewareHandler } from 'hono';
import { apiKeyOf, sessionTokenOf } from '#server/auth/index.ts';
import type { RateLimits } from '#server/limits/index.ts';

/**
 * Counts requests without a credential by their address; a tenant's are counted where the tenant is known. Probes are
 * left out: whoever asks for them must not be able to make them fail.
 */
export function limitAnonymous(limits: RateLimits, addressOf: (request: Request) => string | null): MiddlewareHandler {
  return async (c, next) => {
    const { headers } = c.req.raw;
    const isProbe = c.req.path === '/livez' || c.req.path === '/readyz';
    const hasCredential =
      apiKeyOf(headers) !== null || sessionTokenOf(headers) !== null || headers.has('x-cron-secret');
    if (!isProbe && !hasCredential) limits.takeForAddress(addressOf(c.req.raw));
    await next();
  };
}
