import postgres from 'postgres';
import type { RunError } from '#db/schema/index.ts';
import { DlqFullError } from '#server/dlq/index.ts';
import { InboxPathError, PathTemplateError } from '#server/files/index.ts';
import { storableText, TransactionEndedError } from '#server/lib/index.ts';
import { MAX_MESSAGE_CHARS } from './config.ts';

/** Why a run can end badly; pages and alerts match on these. */
export type RunErrorCode =
  | 'DOCUMENT_INVALID'
  | 'COMPILE_FAILED'
  | 'CHECK_FAILED'
  | 'EMPTY_INPUT'
  | 'DATA_ERROR'
  | 'CONSTRAINT_VIOLATED'
  | 'SQL_ERROR'
  | 'TABLES_CHANGED'
  | 'FILE_PATH_INVALID'
  | 'FILE_ERROR'
  | 'DLQ_DISABLED'
  | 'DLQ_RATIO_EXCEEDED'
  | 'DLQ_FULL'
  | 'TIMED_OUT'
  | 'DATABASE_UNAVAILABLE'
  | 'DATABASE_BUSY'
  | 'RUN_LOST'
  | 'CANCELLED'
  | 'INTERNAL';

/** A failure with a known reason. */
export class RunFailure extends Error {
  readonly code: RunErrorCode;
  readonly isTransient: boolean;
  constructor(code: RunErrorCode, message: string, options: { isTransient?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'RunFailure';
    this.code = code;
    this.isTransient = options.isTransient ?? false;
  }
}

/** An error that a node's statement caused. */
export class NodeFailure extends Error {
  readonly nodeId: string;
  constructor(nodeId: string, cause: unknown) {
    super(`node "${nodeId}" failed`, { cause });
    this.name = 'NodeFailure';
    this.nodeId = nodeId;
  }
}

/** Why a running execution has to stop. `lost`: another runner may hold it, nothing may be written any more. */
export type StopReason = 'cancelled' | 'timed_out' | 'lost' | 'released';

export class RunStopped extends Error {
  readonly reason: StopReason;
  constructor(reason: StopReason) {
    super(`the run was stopped: ${reason}`);
    this.name = 'RunStopped';
    this.reason = reason;
  }
}

export type Verdict = Omit<RunError, 'errorId'> & {
  /** Whether another attempt could end otherwise. */
  canRetry: boolean;
};

/** Reads an error of any origin: a transient one is worth another attempt, a fault of the data is not. */
export function classifyError(error: unknown): Verdict {
  if (error instanceof NodeFailure) return { ...classifyError(error.cause), nodeId: error.nodeId };
  if (error instanceof RunFailure) return verdict(error.code, error.message, error.isTransient);
  if (error instanceof DlqFullError) return verdict('DLQ_FULL', error.message, false);
  if (error instanceof PathTemplateError || error instanceof InboxPathError)
    return verdict('FILE_PATH_INVALID', error.message, false);
  if (error instanceof TransactionEndedError)
    return verdict('DATABASE_UNAVAILABLE', 'the connection to the database was lost', true);
  if (error instanceof postgres.PostgresError) return classifySqlState(error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const message = error instanceof Error ? error.message : String(error);
  if (/^CONNECT|^ECONN|^EPIPE$|^ETIMEDOUT$|^ENOTFOUND$|^EAI_AGAIN$/.test(code))
    return verdict('DATABASE_UNAVAILABLE', `the database does not answer (${code})`, true);
  if (/^E[A-Z]+$/.test(code)) return verdict('FILE_ERROR', message, true);
  // Not foreseen: perhaps it does not come again.
  return { ...verdict('INTERNAL', 'internal error', false), canRetry: true };
}

/** undefined_table, undefined_column, undefined_object, duplicate_table, duplicate_object, invalid_schema_name */
const CATALOGUE_CHANGED = new Set(['42P01', '42703', '42704', '42P07', '42710', '3F000']);

/** Classes of https://www.postgresql.org/docs/current/errcodes-appendix.html */
function classifySqlState(error: postgres.PostgresError): Verdict {
  const { code } = error;
  const message = error.detail ? `${error.message}: ${error.detail}` : error.message;
  if (code.startsWith('08') || code.startsWith('57P')) return verdict('DATABASE_UNAVAILABLE', message, true);
  if (code === '57014' || code === '25P04') return verdict('TIMED_OUT', message, true);
  if (code.startsWith('40') || code.startsWith('53') || code.startsWith('55'))
    return verdict('DATABASE_BUSY', message, true);
  if (code === '25P03') return verdict('DATABASE_UNAVAILABLE', message, true);
  // The tables are not what they were when the run was compiled; the next attempt compiles anew.
  if (CATALOGUE_CHANGED.has(code) || (code === '23505' && error.schema_name === 'pg_catalog'))
    return verdict('TABLES_CHANGED', message, true);
  if (code.startsWith('22')) return verdict('DATA_ERROR', message, false);
  if (code.startsWith('23')) return verdict('CONSTRAINT_VIOLATED', message, false);
  return verdict('SQL_ERROR', message, false);
}

function verdict(code: RunErrorCode, message: string, isTransient: boolean): Verdict {
  return { code, message: storableText(message, MAX_MESSAGE_CHARS), isTransient, canRetry: isTransient };
}
