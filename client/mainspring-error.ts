import { TRPCClientError } from '@trpc/client';
import type { AppRouter, ErrorCode } from '#server/api/index.ts';

type Body = { code?: unknown; details?: unknown; errorId?: unknown; httpStatus?: unknown };

/** An answer that is no JSON: from a proxy before the server, or from another server. */
export class ForeignAnswerError extends Error {
  readonly response: Response;
  constructor(response: Response) {
    super(`answered ${response.status} with ${response.headers.get('content-type') ?? 'no content'}`);
    this.response = response;
  }
}

/** What every failed call rejects with. */
export class MainspringError extends TRPCClientError<AppRouter> {
  /** From the table in docs/errors.md; `UNREACHABLE` when what came back, if anything, was not Mainspring's. */
  readonly code: ErrorCode | 'UNREACHABLE';
  readonly details: unknown;
  /** The log of the server has the same id; null when it did not answer. */
  readonly errorId: string | null;
  /** The HTTP status; null when there was no answer. */
  readonly status: number | null;
  /** What the server asked to wait for before the next try. */
  readonly retryAfterMs: number | null;

  constructor(cause: TRPCClientError<AppRouter>, baseUrl: string) {
    const body: Body | undefined = cause.data ?? undefined;
    const response = cause.cause instanceof ForeignAnswerError ? cause.cause.response : cause.meta?.response;
    const answer = response instanceof Response ? response : null;
    const isOurs = typeof body?.code === 'string' && typeof body.errorId === 'string';
    super(isOurs ? cause.message : unreachable(baseUrl, answer, cause), { cause, ...metaOf(cause) });
    // The parent's constructor sets its own prototype.
    Object.setPrototypeOf(this, MainspringError.prototype);
    this.name = 'MainspringError';
    this.code = isOurs ? (body.code as ErrorCode) : 'UNREACHABLE';
    this.details = body?.details;
    this.errorId = isOurs ? String(body.errorId) : null;
    this.status = typeof body?.httpStatus === 'number' ? body.httpStatus : (answer?.status ?? null);
    this.retryAfterMs = retryAfterMs(answer);
  }
}

const metaOf = (cause: TRPCClientError<AppRouter>) => (cause.meta ? { meta: cause.meta } : {});

function unreachable(baseUrl: string, answer: Response | null, cause: Error): string {
  if (answer) return `${baseUrl} answered ${answer.status}, but not as Mainspring does: is the address right?`;
  const root = cause.cause instanceof Error ? cause.cause : cause;
  const why = root.cause instanceof Error ? root.cause.message || root.message : root.message;
  return `${baseUrl} cannot be reached: ${why}`;
}

function retryAfterMs(answer: Response | null): number | null {
  const seconds = Number(answer?.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : null;
}
