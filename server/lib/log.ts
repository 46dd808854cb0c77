// Structured logs. Every error line goes through logError and carries the errorId that the client saw.
import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { messageOf, stackOf } from './error-text.ts';
import { ERROR_CODES, ServiceError } from './errors.ts';
import { scrub } from './scrub.ts';

export type Logger = pino.Logger;

/** Paths whose values never reach a log line. */
const SECRET_PATHS = ['password', 'secret', 'token', 'authorization', 'cookie', 'apiKey', 'connectionString'].flatMap(
  (name) => [name, `*.${name}`, `*.*.${name}`],
);

export type LogOptions = {
  level: string;
  tier: string;
  /** Takes whole lines; default: standard output, written before the call returns. */
  write?: (line: string) => void;
};

/** Every line is scrubbed of secrets as the last thing before it is written. */
export function createLogger(options: LogOptions): Logger {
  const write = options.write ?? toStandardOutput();
  const settings: pino.LoggerOptions = {
    level: options.level,
    base: { tier: options.tier, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: SECRET_PATHS, censor: '[redacted]' },
    formatters: { level: (label) => ({ level: label }) },
  };
  return pino(settings, { write: (line) => write(scrub(line)) });
}

let standardOutput: ReturnType<typeof pino.destination> | undefined;

/** One for the process, opened when it is first needed. */
function toStandardOutput(): (line: string) => void {
  return (line) => {
    // Whoever read our lines may be gone (EPIPE): there is nobody left to tell, and work goes on.
    standardOutput ??= pino.destination({ fd: 1, sync: true }).on('error', () => undefined);
    standardOutput?.write(line);
  };
}

/** Logs an error once and returns its id. Known errors log at their table's level, unknown ones at error. */
export function logError(log: Logger, error: unknown, message: string, fields: Record<string, unknown> = {}): string {
  const level = error instanceof ServiceError ? ERROR_CODES[error.code].level : 'error';
  return logAt(level, log, error, message, fields);
}

/** The same for what ends the process: whatever the error, and whatever is logged otherwise. */
export const logFatal = (log: Logger, error: unknown, message: string): string =>
  logAt('fatal', log, error, message, {});

function logAt(
  level: 'debug' | 'info' | 'warn' | 'error' | 'fatal',
  log: Logger,
  error: unknown,
  message: string,
  fields: Record<string, unknown>,
): string {
  const errorId = typeof fields.errorId === 'string' ? fields.errorId : randomUUID();
  const code = error instanceof ServiceError ? error.code : undefined;
  log[level]({ ...fields, errorId, ...(code ? { code } : {}), err: serializable(error) }, message);
  return errorId;
}

/** Errors of statements carry the parameters, which may be anybody's data: only these fields are kept, without them. */
function serializable(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: messageOf(error) };
  const { name, cause } = error;
  const code = 'code' in error ? error.code : undefined;
  return {
    name,
    message: messageOf(error),
    code,
    stack: stackOf(error),
    ...(cause ? { cause: serializable(cause) } : {}),
  };
}
