// The links between a call and HTTP: errors of one class, keys for mutations, retries.
import { TRPCClientError, type TRPCLink } from '@trpc/client';
import { observable } from '@trpc/server/observable';
import type { AppRouter } from '#server/api/index.ts';
import { MainspringError } from './mainspring-error.ts';

export type RetryOptions = {
  /** Tries in all; 1 never tries again. */
  attempts: number;
  /** Before the second try; doubled before each further one, and halved at random so that clients spread. */
  delayMs: number;
  maxDelayMs: number;
};

const KEY = 'idempotencyKey';

/** The key of a mutation: the caller's (`{ context: { idempotencyKey } }`), else the one made for this call. */
export const idempotencyKeyOf = (op: { context: Record<string, unknown> }) => String(op.context[KEY]);

/** Gives each mutation a key before it is tried, so that all its tries have the same one. */
export const keyLink: TRPCLink<AppRouter> =
  () =>
  ({ op, next }) => {
    if (op.type !== 'mutation' || typeof op.context[KEY] === 'string') return next(op);
    return next({ ...op, context: { ...op.context, [KEY]: crypto.randomUUID() } });
  };

/** Every error as a MainspringError. */
export const errorLink =
  (baseUrl: string): TRPCLink<AppRouter> =>
  () =>
  ({ op, next }) =>
    observable((observer) =>
      next(op).subscribe({
        next: (value) => observer.next(value),
        complete: () => observer.complete(),
        error: (error) => observer.error(new MainspringError(error, baseUrl)),
      }),
    );

/** Tries again what may be tried again: queries change nothing, and mutations carry a key. */
export const retryLink =
  (options: RetryOptions): TRPCLink<AppRouter> =>
  () =>
  ({ op, next }) =>
    observable((observer) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      let current: { unsubscribe(): void } | undefined;
      const attempt = (tries: number) => {
        current = next(op).subscribe({
          next: (value) => observer.next(value),
          complete: () => observer.complete(),
          error: (error) => {
            if (tries >= options.attempts || op.signal?.aborted || !isPassing(error)) return observer.error(error);
            timer = setTimeout(() => attempt(tries + 1), delayOf(error, tries, options));
          },
        });
      };
      const abort = () => {
        if (timer === undefined) return;
        clearTimeout(timer);
        observer.error(TRPCClientError.from(asError(op.signal?.reason)));
      };
      op.signal?.addEventListener('abort', abort, { once: true });
      attempt(1);
      return () => {
        clearTimeout(timer);
        op.signal?.removeEventListener('abort', abort);
        current?.unsubscribe();
      };
    });

const asError = (reason: unknown) => (reason instanceof Error ? reason : new Error(String(reason)));

/** Failures that a later try may not meet. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof MainspringError)) return false;
  if (error.code !== 'UNREACHABLE') return error.status === 429 || error.status === 503;
  return error.status === null || [429, 502, 503, 504].includes(error.status);
}

function delayOf(error: unknown, tries: number, options: RetryOptions): number {
  const asked = error instanceof MainspringError ? error.retryAfterMs : null;
  const grown = Math.min(options.maxDelayMs, options.delayMs * 2 ** (tries - 1));
  const spread = grown / 2 + (Math.random() * grown) / 2;
  return asked === null ? spread : Math.min(options.maxDelayMs, Math.max(asked, spread));
}
