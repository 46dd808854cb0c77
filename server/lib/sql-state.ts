// What PostgreSQL says an error is: https://www.postgresql.org/docs/current/errcodes-appendix.html

/** Whether the error is PostgreSQL's with this SQLSTATE, however it is wrapped. */
export function hasSqlState(error: unknown, code: string): boolean {
  if (!(error instanceof Error)) return false;
  return ('code' in error && error.code === code) || hasSqlState(error.cause, code);
}

const LOCK_NOT_AVAILABLE = '55P03';

/** Whether a statement gave up waiting for a lock. */
export const isLockTimeout = (error: unknown): boolean => hasSqlState(error, LOCK_NOT_AVAILABLE);

// An operator's cancel is one too.
const QUERY_CANCELED = '57014';

/** Whether a statement took longer than its transaction lets one. */
export const isStatementTimeout = (error: unknown): boolean => hasSqlState(error, QUERY_CANCELED);
