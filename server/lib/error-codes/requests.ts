// What any request may be answered, whatever it asks for.
import type { ErrorRow } from './error-row.ts';

export const REQUEST_ERRORS = {
  INPUT_INVALID: { http: 400, trpc: 'BAD_REQUEST', level: 'info', says: 'The request does not have the right shape.' },
  UNAUTHENTICATED: {
    http: 401,
    trpc: 'UNAUTHORIZED',
    level: 'info',
    says: 'No valid session, key or secret came with the request.',
  },
  FORBIDDEN: { http: 403, trpc: 'FORBIDDEN', level: 'info', says: 'The caller may not do this.' },
  TENANT_MISMATCH: {
    http: 403,
    trpc: 'FORBIDDEN',
    level: 'info',
    says: 'X-Tenant-Id names another tenant than the key.',
  },
  TENANT_SUSPENDED: { http: 403, trpc: 'FORBIDDEN', level: 'info', says: 'The tenant is suspended.' },
  TENANT_REQUIRED: { http: 403, trpc: 'FORBIDDEN', level: 'info', says: 'The user belongs to no active tenant.' },
  CROSS_SITE: { http: 403, trpc: 'FORBIDDEN', level: 'warn', says: 'The request came from another site.' },
  ROUTE_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'There is no such route.' },
  METHOD_NOT_ALLOWED: {
    http: 405,
    trpc: 'METHOD_NOT_SUPPORTED',
    level: 'info',
    says: 'The route does not take this method.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    http: 409,
    trpc: 'CONFLICT',
    level: 'info',
    says: 'The Idempotency-Key was used with another request.',
  },
  MEDIA_TYPE_UNSUPPORTED: {
    http: 415,
    trpc: 'UNSUPPORTED_MEDIA_TYPE',
    level: 'info',
    says: 'The request body is not sent as JSON.',
  },
  BODY_TOO_LARGE: {
    http: 413,
    trpc: 'PAYLOAD_TOO_LARGE',
    level: 'info',
    says: 'The request body is larger than allowed.',
  },
  RATE_LIMITED: {
    http: 429,
    trpc: 'TOO_MANY_REQUESTS',
    level: 'info',
    says: 'Too many requests; wait as long as Retry-After says.',
  },
  DATABASE_UNAVAILABLE: {
    http: 503,
    trpc: 'SERVICE_UNAVAILABLE',
    level: 'error',
    says: 'The database does not answer.',
  },
  INTERNAL: {
    http: 500,
    trpc: 'INTERNAL_SERVER_ERROR',
    level: 'error',
    says: 'Something unexpected went wrong; the log has it by errorId.',
  },
} as const satisfies Record<string, ErrorRow>;
