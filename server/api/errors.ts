import type { Context } from 'hono';
import { ERROR_CODES, type ErrorBody, type Logger } from '#server/lib/index.ts';
import { reportProblem } from '#server/procedure.ts';

/** The one place where an HTTP door turns a thrown error into an answer. */
export function answerError(error: unknown, c: Context, log: Logger): Response {
  const { body } = reportProblem(error, log, { requestId: c.get('requestId'), method: c.req.method, path: c.req.path });
  // The rest of the body is not read: the connection cannot be used again.
  if (body.code === 'BODY_TOO_LARGE') c.header('Connection', 'close');
  for (const [name, value] of Object.entries(retryHeaders(body))) c.header(name, value);
  return c.json(body, ERROR_CODES[body.code].http);
}

/** Retry-After, where the problem says when to come again. */
export function retryHeaders({ details }: Pick<ErrorBody, 'details'>): Record<string, string> {
  const seconds =
    typeof details === 'object' && details !== null && 'retryAfterSeconds' in details
      ? details.retryAfterSeconds
      : null;
  return typeof seconds === 'number' ? { 'Retry-After': String(seconds) } : {};
}
