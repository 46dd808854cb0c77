// The one table of error codes. Docs, OpenAPI, HTTP status and log level are all read off it.
import { ACCOUNT_ERRORS } from './error-codes/accounts.ts';
import { APPROVAL_ERRORS } from './error-codes/approvals.ts';
import { CONNECTION_ERRORS } from './error-codes/connections.ts';
import { CUSTOMER_ERRORS } from './error-codes/customers.ts';
import { JOB_ERRORS } from './error-codes/jobs.ts';
import { MODEL_ERRORS } from './error-codes/models.ts';
import { MONITORING_ERRORS } from './error-codes/monitoring.ts';
import { OUTBOX_ERRORS } from './error-codes/outbox.ts';
import { PIPELINE_ERRORS } from './error-codes/pipelines.ts';
import { REQUEST_ERRORS } from './error-codes/requests.ts';
import { RUN_ERRORS } from './error-codes/runs.ts';

/** By area; a new code goes to its area's file. */
export const ERROR_CODES = {
  ...REQUEST_ERRORS,
  ...ACCOUNT_ERRORS,
  ...PIPELINE_ERRORS,
  ...APPROVAL_ERRORS,
  ...RUN_ERRORS,
  ...OUTBOX_ERRORS,
  ...CUSTOMER_ERRORS,
  ...MONITORING_ERRORS,
  ...MODEL_ERRORS,
  ...CONNECTION_ERRORS,
  ...JOB_ERRORS,
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** An error a caller can act on. The message says what was wrong, with the value, and what to do. */
export class ServiceError extends Error {
  readonly code: ErrorCode;
  readonly details: unknown;
  constructor(code: ErrorCode, message?: string, details?: unknown, options?: ErrorOptions) {
    super(message ?? ERROR_CODES[code].says, options);
    this.name = 'ServiceError';
    this.code = code;
    this.details = details;
  }
}

/** The body of every error answer. */
export type Problem = { code: ErrorCode; message: string; details?: unknown; errorId: string };
