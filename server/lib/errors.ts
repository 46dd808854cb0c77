// The one table of error codes. Docs, OpenAPI, HTTP status and log level are all read off it.
import type { TRPC_ERROR_CODE_KEY } from '@trpc/server';

type Row = { http: number; trpc: TRPC_ERROR_CODE_KEY; level: 'info' | 'warn' | 'error'; says: string };

export const ERROR_CODES = {
  INPUT_INVALID: { http: 400, trpc: 'BAD_REQUEST', level: 'info', says: 'The request does not have the right shape.' },
  DOCUMENT_INVALID: {
    http: 422,
    trpc: 'UNPROCESSABLE_CONTENT',
    level: 'info',
    says: 'The pipeline document has problems; details lists them.',
  },
  UNAUTHENTICATED: {
    http: 401,
    trpc: 'UNAUTHORIZED',
    level: 'info',
    says: 'No valid session, key or secret came with the request.',
  },
  LOGIN_FAILED: { http: 401, trpc: 'UNAUTHORIZED', level: 'info', says: 'E-mail or password is wrong.' },
  LOGIN_LIMITED: {
    http: 429,
    trpc: 'TOO_MANY_REQUESTS',
    level: 'warn',
    says: 'Too many failed sign-ins; wait a quarter of an hour.',
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
  USER_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'This tenant has no such user.' },
  INVITE_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'This tenant has no such open invite.' },
  KEY_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'This tenant has no such API key.' },
  SESSION_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'There is no such open session.' },
  USER_ALREADY_MEMBER: {
    http: 409,
    trpc: 'CONFLICT',
    level: 'info',
    says: 'The person is a user of the tenant already.',
  },
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
  CROSS_SITE: { http: 403, trpc: 'FORBIDDEN', level: 'warn', says: 'The request came from another site.' },
  PIPELINE_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'This tenant has no such pipeline.' },
  VERSION_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'The pipeline has no such version.' },
  RUN_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'This tenant has no such run.' },
  ROUTE_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'There is no such route.' },
  METHOD_NOT_ALLOWED: {
    http: 405,
    trpc: 'METHOD_NOT_SUPPORTED',
    level: 'info',
    says: 'The route does not take this method.',
  },
  PIPELINE_NAME_TAKEN: {
    http: 409,
    trpc: 'CONFLICT',
    level: 'info',
    says: 'The tenant already has a pipeline of this name.',
  },
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
  VERSION_STALE: { http: 409, trpc: 'CONFLICT', level: 'info', says: 'The document was changed since it was read.' },
  PIPELINE_NOT_PUBLISHED: { http: 409, trpc: 'CONFLICT', level: 'info', says: 'The pipeline has no live version.' },
  PIPELINE_HAS_NO_SCHEDULE: { http: 409, trpc: 'CONFLICT', level: 'info', says: 'The live version has no schedule.' },
  IDEMPOTENCY_KEY_REUSED: {
    http: 409,
    trpc: 'CONFLICT',
    level: 'info',
    says: 'The Idempotency-Key was used with another request.',
  },
  RUN_NOT_CANCELLABLE: { http: 409, trpc: 'CONFLICT', level: 'info', says: 'The run has already ended.' },
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
  RETENTION_HOLD_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'This tenant has no such hold.' },
  RETENTION_SUBJECT_NOT_FOUND: {
    http: 404,
    trpc: 'NOT_FOUND',
    level: 'info',
    says: 'Nothing is stored of the customer to be held.',
  },
  RETENTION_HOLD_RELEASED: { http: 409, trpc: 'CONFLICT', level: 'info', says: 'The hold has already been released.' },
  RUN_TOKEN_LOST: { http: 409, trpc: 'CONFLICT', level: 'warn', says: 'Another runner holds the run now.' },
  EVENT_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'This tenant has no such outbox event.' },
  INTERACTION_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'This tenant has no such interaction.' },
  CUSTOMER_NOT_FOUND: {
    http: 404,
    trpc: 'NOT_FOUND',
    level: 'info',
    says: 'This tenant has no score of such a customer.',
  },
  ALERT_RULE_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'This tenant has no such alert rule.' },
  ALERT_RULE_NAME_TAKEN: { http: 409, trpc: 'CONFLICT', level: 'info', says: 'Another alert rule has this name.' },
  ALERT_RULES_FULL: {
    http: 409,
    trpc: 'CONFLICT',
    level: 'info',
    says: 'The tenant has as many alert rules as it may.',
  },
  REPORT_SCHEDULE_NOT_FOUND: {
    http: 404,
    trpc: 'NOT_FOUND',
    level: 'info',
    says: 'This tenant has no such report schedule.',
  },
  REPORT_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'This tenant has no such report.' },
  REPORT_NAME_TAKEN: { http: 409, trpc: 'CONFLICT', level: 'info', says: 'Another report schedule has this name.' },
  REPORTS_FULL: {
    http: 409,
    trpc: 'CONFLICT',
    level: 'info',
    says: 'The tenant has as many report schedules as it may.',
  },
  CHANNEL_UNAVAILABLE: {
    http: 500,
    trpc: 'INTERNAL_SERVER_ERROR',
    level: 'warn',
    says: 'A way to notify people is not configured.',
  },
  CHANNEL_REFUSED: {
    http: 500,
    trpc: 'INTERNAL_SERVER_ERROR',
    level: 'warn',
    says: 'The receiver of a notification refused it.',
  },
  EVENT_NOT_FAILED: { http: 409, trpc: 'CONFLICT', level: 'info', says: 'The outbox event has not failed.' },
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
  JOB_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'There is no such cron job.' },
  JOB_RUNNING: { http: 409, trpc: 'CONFLICT', level: 'info', says: 'The cron job runs already.' },
  JOB_NOT_RUNNABLE: { http: 409, trpc: 'CONFLICT', level: 'info', says: 'The cron job cannot be started by hand.' },
  JOB_LEASE_LOST: { http: 409, trpc: 'CONFLICT', level: 'warn', says: 'Another run of the cron job holds its lease.' },
  JOB_TIMED_OUT: {
    http: 500,
    trpc: 'INTERNAL_SERVER_ERROR',
    level: 'error',
    says: 'The cron job was stopped at its time limit; its next run goes on from there.',
  },
  JOB_STOPPED: {
    http: 503,
    trpc: 'SERVICE_UNAVAILABLE',
    level: 'warn',
    says: 'The cron job was stopped because its process ends; its next run goes on from there.',
  },
  SIEM_ROW_NOT_FOUND: {
    http: 404,
    trpc: 'NOT_FOUND',
    level: 'info',
    says: 'None of these audit rows of this tenant was set aside by the SIEM’s shipment.',
  },
  AUDIT_ENTRY_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'This log has no such entry.' },
  ATTACHMENT_STORE_UNAVAILABLE: {
    http: 503,
    trpc: 'SERVICE_UNAVAILABLE',
    level: 'error',
    says: 'The attachments could not be stored; nothing was recorded.',
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
} as const satisfies Record<string, Row>;

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
