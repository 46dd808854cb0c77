// Signing in, and the people, keys and tenants of an installation.
import type { ErrorRow } from './error-row.ts';

export const ACCOUNT_ERRORS = {
  LOGIN_FAILED: { http: 401, trpc: 'UNAUTHORIZED', level: 'info', says: 'E-mail or password is wrong.' },
  LOGIN_LIMITED: {
    http: 429,
    trpc: 'TOO_MANY_REQUESTS',
    level: 'warn',
    says: 'Too many failed sign-ins; wait a quarter of an hour.',
  },
  USER_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'This tenant has no such user.' },
  USER_ALREADY_MEMBER: {
    http: 409,
    trpc: 'CONFLICT',
    level: 'info',
    says: 'The person is a user of the tenant already.',
  },
  INVITE_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'This tenant has no such open invite.' },
  KEY_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'This tenant has no such API key.' },
  SESSION_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'There is no such open session.' },
  LAST_ADMIN: { http: 409, trpc: 'CONFLICT', level: 'info', says: 'The tenant would be left without an admin.' },
  LINK_INVALID: { http: 400, trpc: 'BAD_REQUEST', level: 'info', says: 'The link is unknown, used or expired.' },
  PASSWORD_WEAK: { http: 400, trpc: 'BAD_REQUEST', level: 'info', says: 'The password is too easy to guess.' },
  PASSWORD_WRONG: { http: 403, trpc: 'FORBIDDEN', level: 'info', says: 'The current password is wrong.' },
  OIDC_UNKNOWN: {
    http: 401,
    trpc: 'UNAUTHORIZED',
    level: 'info',
    says: 'The sign-in provider named nobody who is known here.',
  },
  OIDC_FAILED: { http: 502, trpc: 'BAD_GATEWAY', level: 'warn', says: 'Signing in by the provider did not succeed.' },
  ALREADY_INITIALISED: {
    http: 409,
    trpc: 'CONFLICT',
    level: 'info',
    says: 'The installation has an instance operator.',
  },
  TENANT_SLUG_TAKEN: { http: 409, trpc: 'CONFLICT', level: 'info', says: 'There is a tenant of this slug already.' },
  TENANT_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'The caller belongs to no such tenant.' },
} as const satisfies Record<string, ErrorRow>;
