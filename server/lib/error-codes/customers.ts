// What is recorded of customers, how long it is kept, and what they ask about it.
import type { ErrorRow } from './error-row.ts';

export const CUSTOMER_ERRORS = {
  INTERACTION_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'This tenant has no such interaction.' },
  CUSTOMER_NOT_FOUND: {
    http: 404,
    trpc: 'NOT_FOUND',
    level: 'info',
    says: 'This tenant has no score of such a customer.',
  },
  ATTACHMENT_STORE_UNAVAILABLE: {
    http: 503,
    trpc: 'SERVICE_UNAVAILABLE',
    level: 'error',
    says: 'The attachments could not be stored; nothing was recorded.',
  },
  RETENTION_HOLD_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'This tenant has no such hold.' },
  RETENTION_SUBJECT_NOT_FOUND: {
    http: 404,
    trpc: 'NOT_FOUND',
    level: 'info',
    says: 'Nothing is stored of the customer to be held.',
  },
  RETENTION_PREVIEW_TIMED_OUT: {
    http: 503,
    trpc: 'SERVICE_UNAVAILABLE',
    level: 'warn',
    says: 'Counting what the next purge would delete took too long.',
  },
  RETENTION_HOLD_RELEASED: { http: 409, trpc: 'CONFLICT', level: 'info', says: 'The hold has already been released.' },
  DSAR_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'This tenant has no such data request.' },
  DSAR_SUBJECT_NOT_FOUND: {
    http: 404,
    trpc: 'NOT_FOUND',
    level: 'info',
    says: 'Nothing of the subject is stored; acceptEmpty takes the request all the same.',
  },
  DSAR_OPEN: { http: 409, trpc: 'CONFLICT', level: 'info', says: 'The subject has an open request of this kind.' },
  DSAR_STATE: {
    http: 409,
    trpc: 'CONFLICT',
    level: 'info',
    says: 'The request is past the point where this is possible.',
  },
  DSAR_BUNDLE_GONE: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'The bundle is not there, or no longer.' },
} as const satisfies Record<string, ErrorRow>;
