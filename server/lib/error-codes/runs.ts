// Runs, and what keeps work from starting.
import type { ErrorRow } from './error-row.ts';

export const RUN_ERRORS = {
  RUN_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'This tenant has no such run.' },
  RUN_NOT_CANCELLABLE: { http: 409, trpc: 'CONFLICT', level: 'info', says: 'The run has already ended.' },
  RUN_TOKEN_LOST: { http: 409, trpc: 'CONFLICT', level: 'warn', says: 'Another runner holds the run now.' },
  QUOTA_EXCEEDED: {
    http: 409,
    trpc: 'CONFLICT',
    level: 'info',
    says: 'The tenant has as many of these as it may; details has the numbers.',
  },
  WORK_STOPPED: {
    http: 409,
    trpc: 'CONFLICT',
    level: 'info',
    says: 'All work of the tenant or the installation was stopped; the message says why.',
  },
} as const satisfies Record<string, ErrorRow>;
