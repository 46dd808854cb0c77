// Pipelines, their versions, and what a Git repository says of them.
import type { ErrorRow } from './error-row.ts';

export const PIPELINE_ERRORS = {
  DOCUMENT_INVALID: {
    http: 422,
    trpc: 'UNPROCESSABLE_CONTENT',
    level: 'info',
    says: 'The pipeline document has problems; details lists them.',
  },
  PIPELINE_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'This tenant has no such pipeline.' },
  PIPELINE_NAME_TAKEN: {
    http: 409,
    trpc: 'CONFLICT',
    level: 'info',
    says: 'The tenant already has a pipeline of this name.',
  },
  PIPELINE_NOT_PUBLISHED: { http: 409, trpc: 'CONFLICT', level: 'info', says: 'The pipeline has no live version.' },
  PIPELINE_HAS_NO_SCHEDULE: { http: 409, trpc: 'CONFLICT', level: 'info', says: 'The live version has no schedule.' },
  VERSION_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'The pipeline has no such version.' },
  VERSION_STALE: { http: 409, trpc: 'CONFLICT', level: 'info', says: 'The document was changed since it was read.' },
  GITOPS_NOT_CONFIGURED: { http: 409, trpc: 'CONFLICT', level: 'info', says: 'The tenant has set no repository.' },
  GITOPS_DOCUMENT_NOT_FOUND: {
    http: 404,
    trpc: 'NOT_FOUND',
    level: 'info',
    says: 'The last check of the repository has no such document.',
  },
  GITOPS_PLAN_STALE: {
    http: 409,
    trpc: 'CONFLICT',
    level: 'info',
    says: 'The repository was checked again, or never, since the plan was made.',
  },
  REPOSITORY_UNREADABLE: {
    http: 502,
    trpc: 'BAD_GATEWAY',
    level: 'warn',
    says: 'A Git repository could not be read; `details.reason` says why.',
  },
} as const satisfies Record<string, ErrorRow>;
