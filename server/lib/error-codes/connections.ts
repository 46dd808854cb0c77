// Other systems: how they are reached, and the secrets for it.
import type { ErrorRow } from './error-row.ts';

export const CONNECTION_ERRORS = {
  CONNECTION_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'This tenant has no such connection.' },
  CONNECTION_NAME_TAKEN: {
    http: 409,
    trpc: 'CONFLICT',
    level: 'info',
    says: 'The tenant already has a connection of this name.',
  },
  CONNECTION_KIND_WRONG: {
    http: 409,
    trpc: 'CONFLICT',
    level: 'info',
    says: 'The connection is of another kind than is needed.',
  },
  SECRETS_UNAVAILABLE: {
    http: 503,
    trpc: 'SERVICE_UNAVAILABLE',
    level: 'error',
    says: 'The server has no key that opens the stored secrets.',
  },
  ADDRESS_REFUSED: {
    http: 400,
    trpc: 'BAD_REQUEST',
    level: 'warn',
    says: 'This server does not send anything to such an address.',
  },
  OUTBOUND_UNREACHABLE: {
    http: 502,
    trpc: 'BAD_GATEWAY',
    level: 'warn',
    says: 'Another system could not be reached.',
  },
  OUTBOUND_DEADLINE: {
    http: 504,
    trpc: 'GATEWAY_TIMEOUT',
    level: 'warn',
    says: 'Another system did not answer in time.',
  },
} as const satisfies Record<string, ErrorRow>;
