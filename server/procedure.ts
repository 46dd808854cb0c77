// The tRPC builder: the one place with error, scope, transaction, idempotency and timing middleware.
//
// A mutation runs in one transaction together with its audit row and its Idempotency-Key, so that a retry
// after a lost answer returns the first result and does nothing twice.
import { initTRPC, TRPCError } from '@trpc/server';
import { z } from 'zod';
import type { Pool } from '#db/client.ts';
import { recordRefusal } from '#server/audit/index.ts';
import { type Audience, admit, type Caller, type Scope } from '#server/auth/index.ts';
import {
  claimIdempotencyKey,
  ERROR_CODES,
  type ErrorBody,
  type ErrorCode,
  findResponse,
  histogram,
  type IdempotencyClaim,
  keepResponse,
  type Logger,
  logError,
  requireStorable,
  type SecretFields,
  ServiceError,
  withTransaction,
} from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';

/** What a door (REST, tRPC, a page's loader) knows when it calls. */
export type ApiContext = {
  pool: Pool;
  caller: Caller | null;
  requestId: string;
  log: Logger;
  idempotencyKey: string | null;
};

export type ProcedureMeta = {
  /** `METHOD /path` below /api/v1. */
  rest?: string;
  /** HTTP status of success; 200 when absent. */
  status?: 200 | 201 | 202;
  /** Whether what it answers is taken and not done yet, which is HTTP status 202 then. */
  isTaken?: (answer: unknown) => boolean;
  scope: Scope;
  /** Who may call at all; absent: a caller of a tenant. */
  audience?: Audience;
  /** Fields that no table may keep: left out of the Idempotency-Key's request hash, null in its stored answer. */
  secrets?: SecretFields;
  /** One sentence for the reference: what it does, without the path. */
  summary: string;
  /** The audit action; every mutation has one. */
  audit?: string;
  /** What it answers, for the OpenAPI document. Not run on answers (docs/adr/0009): a test holds them to it. */
  output: z.ZodType;
  /** The codes that this operation throws itself, beside those that every one can answer. */
  errors?: readonly ErrorCode[];
};

const t = initTRPC
  .context<ApiContext>()
  .meta<ProcedureMeta>()
  .create({
    errorFormatter: ({ shape, error }) => ({
      ...shape,
      message: problemOf(error).message,
      data: { ...shape.data, stack: undefined, ...problemOf(error) },
    }),
  });

export const router = t.router;
export const mergeRouters = t.mergeRouters;
export const createCallerFactory = t.createCallerFactory;

const duration = histogram(
  'procedure_duration_seconds',
  'Time one procedure took, by its path and outcome',
  [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
  ['path', 'outcome'],
);

const problems = new WeakMap<Error, ErrorBody>();

/** The one shape of an error answer. Asked twice about one error it gives the same errorId. */
export function problemOf(error: TRPCError): ErrorBody {
  return problems.get(error) ?? toProblem(error, 'unlogged');
}

function toProblem(error: TRPCError, errorId: string): ErrorBody {
  const cause = error.cause;
  if (cause instanceof ServiceError) {
    const { code, message, details } = cause;
    return details === undefined ? { code, message, errorId } : { code, message, details, errorId };
  }
  if (cause instanceof z.ZodError || error.code === 'BAD_REQUEST')
    return { code: 'INPUT_INVALID', message: inputMessage(cause, error), details: inputDetails(cause), errorId };
  if (error.code === 'PARSE_ERROR') return { code: 'INPUT_INVALID', message: error.message, errorId };
  if (error.code === 'UNSUPPORTED_MEDIA_TYPE')
    return { code: 'MEDIA_TYPE_UNSUPPORTED', message: error.message, errorId };
  if (error.code === 'NOT_FOUND') return { code: 'ROUTE_NOT_FOUND', message: error.message, errorId };
  if (error.code === 'METHOD_NOT_SUPPORTED') return { code: 'METHOD_NOT_ALLOWED', message: error.message, errorId };
  if (error.code === 'PAYLOAD_TOO_LARGE') return { code: 'BODY_TOO_LARGE', message: error.message, errorId };
  if (isDatabaseDown(cause))
    return { code: 'DATABASE_UNAVAILABLE', message: ERROR_CODES.DATABASE_UNAVAILABLE.says, errorId };
  return { code: 'INTERNAL', message: ERROR_CODES.INTERNAL.says, errorId };
}

const inputDetails = (cause: unknown) =>
  cause instanceof z.ZodError
    ? { issues: cause.issues.map(({ path, message }) => ({ pointer: `/${path.join('/')}`, message })) }
    : undefined;

function inputMessage(cause: unknown, error: TRPCError): string {
  if (!(cause instanceof z.ZodError)) return error.message;
  return cause.issues.map((issue) => `${issue.path.join('.') || 'input'}: ${issue.message}`).join('; ');
}

const DOWN = /^(ECONNREFUSED|ECONNRESET|CONNECT_TIMEOUT|CONNECTION_(CLOSED|ENDED|DESTROYED)|57P0[123]|08\d{3}|53300)$/;
function isDatabaseDown(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && typeof error.code === 'string' && DOWN.test(error.code)) return true;
  return isDatabaseDown(error.cause);
}

/** Logs the error once, under the id that the client gets, and remembers its answer. */
export function reportProblem(
  error: unknown,
  log: Logger,
  fields: Record<string, unknown>,
): { error: TRPCError; body: ErrorBody } {
  const known = error instanceof TRPCError ? error : new TRPCError({ code: 'INTERNAL_SERVER_ERROR', cause: error });
  const before = problems.get(known);
  if (before) return { error: known, body: before };
  const first = toProblem(known, '');
  const row = ERROR_CODES[first.code];
  const logged =
    known.cause instanceof ServiceError || row.level === 'error'
      ? (known.cause ?? known)
      : new ServiceError(first.code, first.message);
  const errorId = logError(log, logged, 'request failed', fields);
  const body = { ...first, errorId };
  const answer =
    known.code === row.trpc
      ? known
      : new TRPCError({ code: row.trpc, message: body.message, cause: known.cause ?? known });
  problems.set(known, body);
  problems.set(answer, body);
  return { error: answer, body };
}

const reporting = t.middleware(async ({ ctx, path, type, meta, getRawInput, next }) => {
  const started = performance.now();
  const result = await next();
  duration.labels(path, result.ok ? 'ok' : 'error').observe((performance.now() - started) / 1_000);
  if (result.ok) return result;
  // The refused transaction is rolled back by now: the row that tells of the attempt is in one of its own.
  if (ctx.caller && isRefusal(result.error))
    await auditRefusal(ctx, ctx.caller, { path, action: meta?.audit ?? path, error: result.error }, getRawInput);
  throw reportProblem(result.error, ctx.log, { path, type }).error;
});

const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  'FORBIDDEN',
  'TENANT_REQUIRED',
  'TENANT_SUSPENDED',
  'PASSWORD_WRONG',
  'APPROVAL_OWN',
  'APPROVAL_ACCESS_GIVEN',
  'APPROVAL_NOT_YOURS',
]);
const isRefusal = ({ cause }: TRPCError) => cause instanceof ServiceError && REFUSALS.has(cause.code);

async function auditRefusal(
  ctx: ApiContext,
  caller: Caller,
  what: { path: string; action: string; error: TRPCError },
  getRawInput: () => Promise<unknown>,
): Promise<void> {
  const input = await getRawInput().catch(() => null);
  const id = typeof input === 'object' && input !== null && 'id' in input ? input.id : '';
  await recordRefusal(ctx.pool, ctx.log, {
    ...{ tenantId: caller.tenant?.id ?? null, actor: caller.actor, action: what.action, requestId: ctx.requestId },
    code: problemOf(what.error).code,
    targetKind: what.path.split('.')[0] ?? '',
    targetId: typeof id === 'string' ? id : '',
    details: { procedure: what.path },
  });
}

/** Every procedure below this line has an actor, the tenant it acts in, and the scope that its metadata names. */
const requireCaller = t.middleware(async ({ ctx, meta, next }) => {
  if (!meta?.scope) throw new Error('a procedure without a scope cannot be called');
  const { pool, requestId, log } = ctx;
  let admitted: Pick<Ctx, 'tenant' | 'actor'>;
  try {
    admitted = admit(ctx.caller, meta);
  } catch (error) {
    return rethrowAsTrpc(error);
  }
  return next({ ctx: { pool, ...admitted, requestId, log } satisfies Ctx });
});

function rethrowAsTrpc(error: unknown): never {
  if (!(error instanceof ServiceError)) throw error;
  throw new TRPCError({ code: ERROR_CODES[error.code].trpc, message: error.message, cause: error });
}

/** Refused here once, before any operation meets the database's own refusal of such text as a failure of ours. */
const storableInput = t.middleware(async ({ getRawInput, next }) => {
  const input = await getRawInput();
  try {
    requireStorable(input);
  } catch (error) {
    return rethrowAsTrpc(error);
  }
  return next();
});

/** A query: who calls, and with which scope, is checked. */
export const procedure = t.procedure.use(reporting).use(requireCaller).use(storableInput);

const inOneTransaction = t.middleware(async ({ ctx, path, meta, getRawInput, next }) => {
  // requireCaller ran before and put an operation's context here; the builder's type cannot say so.
  const operation = ctx as unknown as Ctx;
  const claim = ctx.idempotencyKey === null ? null : claimOf(operation, path, meta, ctx.idempotencyKey);
  const input = await getRawInput();
  return withTransaction(operation, async (tx) => {
    const before = claim && (await claimIdempotencyKey(tx, claim, input).catch(rethrowAsTrpc));
    if (before) return answerOf(before);
    const result = await next({ ctx: { ...operation, tx } });
    if (!result.ok) throw result.error;
    if (claim) await keepResponse(tx, claim, result.data);
    return result;
  });
});

const answerOf = ({ response }: { response: unknown }) =>
  ({ ok: true, data: response, marker: 'middlewareMarker' }) as never;

function claimOf({ tenant, actor }: Ctx, path: string, meta: ProcedureMeta | undefined, key: string): IdempotencyClaim {
  const isOwn = actor.kind === 'user' && (meta?.audience === 'person' || meta?.audience === 'instance');
  return { tenantId: tenant.id, operation: isOwn ? `${path} of ${actor.id}` : path, key, secrets: meta?.secrets };
}

/** A mutation: as `procedure`, in one transaction with its audit row, idempotent by key. */
export const mutation = procedure.use(inOneTransaction);

/** What makes a mutation of a procedure, for one that must ask something outside the database before it begins. */
export const transacted = inOneTransaction;

/**
 * Stands before what such a procedure does outside the database, where the input says that it would: a request whose answer is
 * kept under its Idempotency-Key gets that, and nothing is done again. Of two at once both may come past this; `transacted`
 * stores one of them.
 */
export const unlessAnswered = <Input>(wouldAct: (input: Input) => boolean) =>
  t.middleware(async ({ ctx, path, meta, input, getRawInput, next }) => {
    if (ctx.idempotencyKey === null || !wouldAct(input as Input)) return next();
    const operation = ctx as unknown as Ctx;
    const claim = claimOf(operation, path, meta, ctx.idempotencyKey);
    const given = await getRawInput();
    const before = await withTransaction(operation, (tx) => findResponse(tx, claim, given)).catch(rethrowAsTrpc);
    return before ? answerOf(before) : next();
  });
