import { TRPCError } from '@trpc/server';
import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import { ERROR_CODES, type Logger, ServiceError } from '#server/lib/index.ts';
import { type ApiContext, problemOf, reportProblem } from '#server/procedure.ts';
import { retryHeaders } from './errors.ts';
import { refuseDeepJson } from './json-depth.ts';
import { appRouter } from './router.ts';

/** A path with 1,000 commas would be 1,000 calls. */
const MAX_BATCH_SIZE = 20;

/** How many calls one request makes. */
export const callsIn = (request: Request): number => new URL(request.url).pathname.split(',').length;

/**
 * What is refused before anybody is asked who calls: too many calls, JSON that is too deep.
 * @throws ServiceError INPUT_INVALID
 */
async function checked(request: Request): Promise<Request> {
  const { url, method, headers, signal } = request;
  const calls = callsIn(request);
  if (calls > MAX_BATCH_SIZE)
    throw new ServiceError('INPUT_INVALID', `a batch has at most ${MAX_BATCH_SIZE} calls, this one has ${calls}`);
  refuseDeepJson(new URL(url).searchParams.get('input') ?? '');
  if (method === 'GET' || method === 'HEAD') return request;
  const body = await request.text();
  refuseDeepJson(body);
  return new Request(url, { method, headers, signal, body });
}

/**
 * Answers one tRPC request (or batch).
 * @throws ServiceError INPUT_INVALID for what no procedure should see
 */
export async function answerTrpc(
  request: Request,
  contextOf: () => Promise<ApiContext>,
  { log, requestId }: { log: Logger; requestId: string },
): Promise<Response> {
  return fetchRequestHandler({
    endpoint: '/trpc',
    req: await checked(request),
    responseMeta: ({ errors }) => ({
      headers: Object.assign({}, ...errors.map((error) => retryHeaders(problemOf(error)))),
    }),
    router: appRouter,
    maxBatchSize: MAX_BATCH_SIZE,
    // A document to validate is larger than a URL may be. Only towards POST: a mutation by GET stays refused.
    allowMethodOverride: true,
    // What failed before it reached a procedure is logged here; the others are known already.
    onError: ({ error, path, type }) => void reportProblem(error, log, { path, type, requestId }),
    createContext: async () => {
      try {
        return await contextOf();
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        throw new TRPCError({ code: ERROR_CODES[error.code].trpc, message: error.message, cause: error });
      }
    },
  });
}
