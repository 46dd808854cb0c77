import type { MiddlewareHandler } from 'hono';
import { apiKeyOf, sessionTokenOf } from '#server/auth/index.ts';
import type { RateLimits } from '#server/limits/index.ts';

export type AddressLimit = {
  /**
   * Counts a request by its address, once however often it is told of: one that carries no credential, or one whose
   * credential a door has found to be none.
   * @throws ServiceError RATE_LIMITED
   */
  takeForStranger(request: Request): void;
  middleware: MiddlewareHandler;
  /** For routes that look at no credential: what a request carries does not spare it from being counted. */
  openRoutes: MiddlewareHandler;
};

/**
 * Counts by their address the requests of those who are nobody here; a tenant's are counted where the tenant is known.
 * Whoever carries something like a credential is counted by the door that looks at it, when it turns out to be none:
 * were they counted before, callers with a right key would pay for strangers at the same address. Files asked for with
 * a cookie are not counted: no door looks at it. Nor are probes, which stand before this: whoever asks for them must
 * not be able to make them fail.
 */
export function limitAnonymous(limits: RateLimits, addressOf: (request: Request) => string | null): AddressLimit {
  const counted = new WeakSet<Request>();
  const takeForStranger = (request: Request) => {
    if (counted.has(request)) return;
    counted.add(request);
    limits.takeForAddress(addressOf(request));
  };
  return {
    takeForStranger,
    async middleware(c, next) {
      // A route may put another request in its place.
      const request = c.req.raw;
      if (!hasCredential(request.headers)) takeForStranger(request);
      await next();
      // Doors of their own: the cron routes, /metrics, the live channel. Nothing was done for a 401.
      if (c.res.status === 401) takeForStranger(request);
    },
    async openRoutes(c, next) {
      takeForStranger(c.req.raw);
      await next();
    },
  };
}

const hasCredential = (headers: Headers) =>
  apiKeyOf(headers) !== null ||
  sessionTokenOf(headers) !== null ||
  headers.has('x-cron-secret') ||
  headers.has('x-cron-token');
