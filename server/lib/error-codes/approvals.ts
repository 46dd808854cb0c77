// Change requests, and the rules that demand them.
import type { ErrorRow } from './error-row.ts';

export const APPROVAL_ERRORS = {
  APPROVAL_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'This tenant has no such change request.' },
  APPROVAL_CLOSED: { http: 409, trpc: 'CONFLICT', level: 'info', says: 'The change request has its end already.' },
  APPROVAL_EXPIRED: { http: 409, trpc: 'CONFLICT', level: 'info', says: 'The time of the change request is over.' },
  APPROVAL_STALE: {
    http: 409,
    trpc: 'CONFLICT',
    level: 'info',
    says: 'The pipeline is no longer as it was when the change was asked for.',
  },
  APPROVAL_OWN: {
    http: 403,
    trpc: 'FORBIDDEN',
    level: 'info',
    says: 'Nobody approves what they asked for or wrote themselves.',
  },
  APPROVAL_ACCESS_GIVEN: {
    http: 403,
    trpc: 'FORBIDDEN',
    level: 'info',
    says: 'Nobody approves for whom they gave access to, or had it from, shortly before: the two may be one person.',
  },
  APPROVAL_NOT_YOURS: {
    http: 403,
    trpc: 'FORBIDDEN',
    level: 'info',
    says: 'The stage, or the request, is for others to decide.',
  },
  APPROVAL_BY_KEY: {
    http: 403,
    trpc: 'FORBIDDEN',
    level: 'info',
    says: 'Only a person who is signed in approves; an API key does not.',
  },
  APPROVAL_VOTED: { http: 409, trpc: 'CONFLICT', level: 'info', says: 'The person has approved this already.' },
  APPROVAL_PERSON_UNKNOWN: {
    http: 403,
    trpc: 'FORBIDDEN',
    level: 'warn',
    says: 'Nobody knows which person is behind the API key, so four eyes cannot be told apart.',
  },
  APPROVAL_SETTINGS_INVALID: {
    http: 409,
    trpc: 'CONFLICT',
    level: 'error',
    says: "The tenant's rules of approval cannot be read, so nothing goes live.",
  },
  APPROVAL_SETTINGS_STALE: {
    http: 409,
    trpc: 'CONFLICT',
    level: 'info',
    says: 'The rules of approval were changed since they were read.',
  },
} as const satisfies Record<string, ErrorRow>;
