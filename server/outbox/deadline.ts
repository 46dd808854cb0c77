import { PublisherUnavailableError } from './publisher.ts';

/** The other side did not answer in time. Its connection cannot be trusted any more. */
export class DeadlineError extends PublisherUnavailableError {
  constructor(what: string, timeoutMs: number) {
    super(`${what} did not end within ${Math.round(timeoutMs)} ms`);
    this.name = 'DeadlineError';
  }
}

/** The work's result, unless the time runs out or `signal` aborts first: a dead connection never answers by itself. */
export async function within<T>(timeoutMs: number, what: string, work: Promise<T>, signal?: AbortSignal): Promise<T> {
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new DeadlineError(what, timeoutMs)), timeoutMs);
  const abort = () => reject(new PublisherUnavailableError(`${what} was stopped`));
  signal?.addEventListener('abort', abort);
  if (signal?.aborted) abort();
  try {
    return await Promise.race([work, ended]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    // Whoever lost the race may still fail.
    work.catch(() => {});
  }
}
