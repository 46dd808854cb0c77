// What is learned from tables.
import type { ErrorRow } from './error-row.ts';

export const MODEL_ERRORS = {
  MODEL_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'This tenant has no such model.' },
  MODEL_VERSION_NOT_FOUND: {
    http: 404,
    trpc: 'NOT_FOUND',
    level: 'info',
    says: 'The model has no such trained version.',
  },
  MODEL_NAME_TAKEN: { http: 409, trpc: 'CONFLICT', level: 'info', says: 'Another model has this name.' },
  MODEL_INVALID: {
    http: 422,
    trpc: 'UNPROCESSABLE_CONTENT',
    level: 'info',
    says: 'The table, a feature or the label cannot be learned from; the message names it.',
  },
  MODEL_CHANGED: {
    http: 409,
    trpc: 'CONFLICT',
    level: 'info',
    says: 'The model was changed since it was read; read it again and decide anew.',
  },
  MODEL_TRAINING: { http: 409, trpc: 'CONFLICT', level: 'info', says: 'The model is being trained already.' },
  MODEL_NOT_LIVE: {
    http: 409,
    trpc: 'CONFLICT',
    level: 'info',
    says: 'No version of the model is live, so there is nothing to score with.',
  },
  MODEL_VERSION_WORSE: {
    http: 409,
    trpc: 'CONFLICT',
    level: 'info',
    says: 'The version to promote is worse than the live one; say acceptWorse to promote it all the same.',
  },
  MODEL_VERSION_OTHER: {
    http: 409,
    trpc: 'CONFLICT',
    level: 'info',
    says: 'The version to promote answers another question than the live one: another table, label or class; say acceptOther to promote it all the same.',
  },
  MODELS_FULL: { http: 409, trpc: 'CONFLICT', level: 'info', says: 'The tenant has as many models as it may.' },
} as const satisfies Record<string, ErrorRow>;
