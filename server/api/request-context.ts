// From an HTTP request to the context of a procedure.
import { randomUUID } from 'node:crypto';
import type { Pool } from '#db/client.ts';
import { recordRefusal } from '#server/audit/index.ts';
import { apiKeyOf, authenticate, type Caller, refusedCallerOf } from '#server/auth/index.ts';
import { type Logger, ServiceError } from '#server/lib/index.ts';
import type { RateLimits } from '#server/limits/index.ts';
import type { ApiContext } from '#server/procedure.ts';
import { type Origins, refuseCrossSite } from './request-guard.ts';

export type RequestDependencies = {
  pool: Pool;
  log: Logger;
  sessionIdleSeconds: number;
  origins: Origins;
  /** Absent: nobody is too fast. */
  limits?: RateLimits | undefined;
  /**
   * Counts a request whose credential is none against its address; absent: it is not counted.
   * @throws ServiceError RATE_LIMITED
   */
  takeForStranger?: ((request: Request) => void) | undefined;
};

const REQUEST_ID = /^[\w.:-]{1,100}$/;

/** The caller's X-Request-Id when it is harmless, else a new one; it is in every log line and the answer. */
export function requestIdOf(request: Request): string {
  const given = request.headers.get('x-request-id');
  return given && REQUEST_ID.test(given) ? given : randomUUID();
}

/**
 * Authenticates and guards one request that makes `calls` calls.
 * @throws ServiceError UNAUTHENTICATED, TENANT_MISMATCH, TENANT_SUSPENDED, CROSS_SITE, RATE_LIMITED
 */
export async function apiContext(
  request: Request,
  requestId: string,
  deps: RequestDependencies,
  calls = 1,
): Promise<ApiContext> {
  const caller = await callerOf(request, requestId, deps);
  if (caller?.tenant) deps.limits?.takeForTenant(caller.tenant.id, calls);
  return {
    pool: deps.pool,
    caller,
    requestId,
    log: deps.log.child({ requestId, tenant: caller?.tenant?.slug }),
    idempotencyKey: request.headers.get('idempotency-key') || null,
  };
}

/**
 * Of a request that proves itself by what is in its URL: no credential is looked at, and it counts against its address.
 * @throws ServiceError RATE_LIMITED
 */
export function strangerContext(
  request: Request,
  requestId: string,
  { pool, log, takeForStranger }: Pick<RequestDependencies, 'pool' | 'log' | 'takeForStranger'>,
): Pick<ApiContext, 'pool' | 'log' | 'requestId'> {
  takeForStranger?.(request);
  return { pool, log: log.child({ requestId }), requestId };
}

async function callerOf(request: Request, requestId: string, deps: RequestDependencies): Promise<Caller | null> {
  let caller: Caller | null = null;
  try {
    caller = await authenticate(deps.pool, request.headers, deps.sessionIdleSeconds);
    if (caller?.credential === 'session') refuseCrossSite(request, deps.origins);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    // Before anything is written: a flood of junk keys must not become a flood of rows.
    deps.takeForStranger?.(request);
    await auditDoor(error, caller, request, requestId, deps);
    throw error;
  }
  if (!caller) deps.takeForStranger?.(request);
  return caller;
}

/** What is refused before it reached a procedure: a wrong key, another tenant's name, another site's form. */
async function auditDoor(
  error: ServiceError,
  caller: Caller | null,
  request: Request,
  requestId: string,
  deps: RequestDependencies,
): Promise<void> {
  const known = caller ? { tenantId: caller.tenant?.id ?? null, actor: caller.actor } : refusedCallerOf(error);
  await recordRefusal(deps.pool, deps.log, {
    ...(known ?? { tenantId: null, actor: null }),
    ...(known ? {} : { claimed: apiKeyOf(request.headers) === null ? 'anonymous' : 'unknown key' }),
    ...{ action: 'request.refuse', code: error.code, requestId },
    details: { method: request.method, path: new URL(request.url).pathname.slice(0, 200) },
  });
}
