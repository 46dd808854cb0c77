export { type Backoff, backoffMs } from './backoff.ts';
export { type Clock, databaseClock } from './clock.ts';
export { decodeCursor, decodeIdCursor, encodeCursor, toPage } from './cursor.ts';
export { messageOf } from './error-text.ts';
export { ERROR_CODES, type ErrorCode, type Problem as ErrorBody, ServiceError } from './errors.ts';
export { failPoint } from './fail-point.ts';
export { TransactionEndedError } from './guard-connection.ts';
export { isUuid, newId } from './id.ts';
export {
  claimIdempotencyKey,
  findResponse,
  type IdempotencyClaim,
  keepResponse,
  type SecretFields,
} from './idempotency.ts';
export { type InTurn, makeTurns, type TurnLimits } from './in-turn.ts';
export { createLogger, type Logger, logError } from './log.ts';
export { outliveLostConnections } from './lost-connections.ts';
export { collectProcessMetrics, counter, gauge, histogram, registry } from './metrics.ts';
export { warnOfPooler } from './pooler.ts';
export { refuseStale } from './refuse-stale.ts';
export { keepOutOfLogs, scrub } from './scrub.ts';
export { hashPassword, hashToken, isPasswordRight, isSameSecret, newToken } from './secret.ts';
export { hasSqlState, isLockTimeout, isStatementTimeout } from './sql-state.ts';
export { findUnstorableText, requireStorable, storableText } from './storable-text.ts';
export {
  connectionOf,
  inSavepoint,
  inTenant,
  prepareOnce,
  query,
  queryAlone,
  queryOne,
  queryPrepared,
  type TransactionOptions,
  type TransactionScope,
  type Tx,
  transaction,
  withTransaction,
} from './transaction.ts';
export { createWakeChannel, type WakeChannel } from './wake-channel.ts';
