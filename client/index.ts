// The typed client of Mainspring's API: `import { createMainspringClient } from 'mainspring/client'`.
//
// Its types are the procedures' own. Queries of one tick travel together; each mutation alone, with an
// Idempotency-Key of its own.
import { createTRPCClient, httpBatchLink, httpLink, splitLink, type TRPCClient } from '@trpc/client';
import type { AppRouter } from '#server/api/index.ts';
import { errorLink, idempotencyKeyOf, keyLink, type RetryOptions, retryLink } from './links.ts';
import { ForeignAnswerError } from './mainspring-error.ts';

export type { RetryOptions } from './links.ts';
export { MainspringError } from './mainspring-error.ts';
export { type Run, waitForRun } from './wait-for-run.ts';

export type MainspringClient = TRPCClient<AppRouter>;

export type MainspringClientOptions = {
  /** Where Mainspring is, without a path: `https://mainspring.example`. */
  baseUrl: string;
  /** `ms_…`, with the scopes of what will be called. */
  apiKey: string;
  /** Id or slug; refused when it is not the key's tenant, so that a wrong key changes nothing. */
  tenantId?: string;
  fetch?: typeof globalThis.fetch;
  /** Default: 4 tries, 200 ms before the second, at most 10 s between two. */
  retry?: Partial<RetryOptions>;
};

/** The server refuses larger batches. */
const MAX_BATCH_SIZE = 20;
const RETRY: RetryOptions = { attempts: 4, delayMs: 200, maxDelayMs: 10_000 };

/** Makes a client; nothing is sent before the first call. Calls reject with MainspringError. */
export function createMainspringClient(options: MainspringClientOptions): MainspringClient {
  const baseUrl = options.baseUrl.replace(/\/+$/, '');
  const url = `${baseUrl}/trpc`;
  const headers = {
    Authorization: `Bearer ${options.apiKey}`,
    ...(options.tenantId ? { 'X-Tenant-Id': options.tenantId } : {}),
  };
  const transport = { url, fetch: jsonOnly(options.fetch ?? globalThis.fetch) };
  return createTRPCClient<AppRouter>({
    links: [
      keyLink,
      retryLink({ ...RETRY, ...options.retry }),
      errorLink(baseUrl),
      splitLink({
        condition: (op) => op.type === 'mutation',
        true: httpLink({
          ...transport,
          headers: ({ op }) => ({ ...headers, 'Idempotency-Key': idempotencyKeyOf(op) }),
        }),
        // By POST: a document to validate is longer than a URL may be.
        false: httpBatchLink({ ...transport, headers, maxItems: MAX_BATCH_SIZE, methodOverride: 'POST' }),
      }),
    ],
  });
}

/** tRPC forgets the status of an answer that it cannot parse. */
function jsonOnly(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    if (!/^application\/json\b/i.test(response.headers.get('content-type') ?? ''))
      throw new ForeignAnswerError(response);
    return response;
  };
}
