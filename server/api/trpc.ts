import { TRPCError } from '@trpc/server';
import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import { ERROR_CODES, type Logger, ServiceError } from '#server/lib/index.ts';
import { type ApiContext, reportProblem } from '#server/procedure.ts';
import { appRouter } from './router.ts';

/** A path with 1,000 commas would be 1,000 calls. */
const MAX_BATCH_SIZE = 20;

/** Answers one tRPC request (or batch). */
export function answerTrpc(
  request: Request,
  contextOf: () => Promise<ApiContext>,
  { log, requestId }: { log: Logger; requestId: string },
): Promise<Response> {
  return fetchRequestHandler({
    endpoint: '/trpc',
    req: request,
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
