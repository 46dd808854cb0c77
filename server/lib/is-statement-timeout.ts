/** https://www.postgresql.org/docs/current/errcodes-appendix.html: query_canceled, which an operator's cancel is too. */
const QUERY_CANCELED = '57014';

/** Whether a statement took longer than its transaction lets one, however its error is wrapped. */
export function isStatementTimeout(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('code' in error && error.code === QUERY_CANCELED) || isStatementTimeout(error.cause);
}
