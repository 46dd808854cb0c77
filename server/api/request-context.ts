// From an HTTP request to the context of a procedure.
import { randomUUID } from 'node:crypto';
import type { Pool } from '#db/client.ts';
import { authenticate, type Caller } from '#server/auth/index.ts';
import type { Logger } from '#server/lib/index.ts';
import type { ApiContext } from '#server/procedure.ts';
import { type Origins, refuseCrossSite } from './request-guard.ts';

export type RequestDependencies = { pool: Pool; log: Logger; sessionIdleSeconds: number; origins: Origins };

const REQUEST_ID = /^[\w.:-]{1,100}$/;

/** The caller's X-Request-Id when it is harmless, else a new one; it is in every log line and the answer. */
export function requestIdOf(request: Request): string {
  const given = request.headers.get('x-request-id');
  return given && REQUEST_ID.test(given) ? given : randomUUID();
}

/**
 * Authenticates and guards one request.
 * @throws ServiceError UNAUTHENTICATED, TENANT_MISMATCH, TENANT_SUSPENDED, CROSS_SITE
 */
export async function apiContext(request: Request, requestId: string, deps: RequestDependencies): Promise<ApiContext> {
  const caller: Caller | null = await authenticate(deps.pool, request.headers, deps.sessionIdleSeconds);
  if (caller?.credential === 'session') refuseCrossSite(request, deps.origins);
  return {
    pool: deps.pool,
    caller,
    requestId,
    log: deps.log.child({ requestId, tenant: caller?.tenant?.slug }),
    idempotencyKey: request.headers.get('idempotency-key') || null,
  };
}
