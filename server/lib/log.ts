// Structured logs. Every error line goes through logError and carries the errorId that the client saw.
import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { ERROR_CODES, ServiceError } from './errors.ts';

export type Logger = pino.Logger;

/** Paths whose values never reach a log line. */
const SECRET_PATHS = ['password', 'secret', 'token', 'authorization', 'cookie', 'apiKey', 'connectionString'].flatMap(
  (name) => [name, `*.${name}`, `*.*.${name}`],
);

export function createLogger(options: { level: string; tier: string }): Logger {
  return pino({
    level: options.level,
    base: { tier: options.tier, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: SECRET_PATHS, censor: '[redacted]' },
    formatters: { level: (label) => ({ level: label }) },
  });
}

/** Logs an error once and returns its id. Known errors log at their table's level, unknown ones at error. */
export function logError(log: Logger, error: unknown, message: string, fields: Record<string, unknown> = {}): string {
  const errorId = typeof fields.errorId === 'string' ? fields.errorId : randomUUID();
  const level = error instanceof ServiceError ? ERROR_CODES[error.code].level : 'error';
  const code = error instanceof ServiceError ? error.code : undefined;
  log[level]({ ...fields, errorId, ...(code ? { code } : {}), err: serializable(error) }, message);
  return errorId;
}

/** Driver errors carry the statement's parameters, which may be anybody's data: only these fields are kept. */
function serializable(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack, cause } = error;
  const code = 'code' in error ? error.code : undefined;
  return { name, message, code, stack, ...(cause ? { cause: serializable(cause) } : {}) };
}
