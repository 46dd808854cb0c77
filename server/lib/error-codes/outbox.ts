// Events on their way out.
import type { ErrorRow } from './error-row.ts';

export const OUTBOX_ERRORS = {
  EVENT_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'This tenant has no such outbox event.' },
  // An event that cannot be stored is a fault of this server's making to its caller: nothing was recorded.
  OUTBOX_EVENT_TOO_LARGE: {
    http: 500,
    trpc: 'INTERNAL_SERVER_ERROR',
    level: 'warn',
    says: 'The event is larger than the outbox takes; nothing was recorded.',
  },
  OUTBOX_EVENT_REFUSED: {
    http: 500,
    trpc: 'INTERNAL_SERVER_ERROR',
    level: 'warn',
    says: 'The outbox refused the event; nothing was recorded.',
  },
  OUTBOX_UNAVAILABLE: {
    http: 500,
    trpc: 'INTERNAL_SERVER_ERROR',
    level: 'error',
    says: 'The event could not be stored in the outbox; nothing was recorded.',
  },
} as const satisfies Record<string, ErrorRow>;
