// When PostgreSQL goes away while a new connection reads the catalogue's array types, postgres.js (3.4) rejects a
// promise that nobody holds. Node ends the process for it: a restart of the database would take every process along.
import { type Logger, logError, logFatal } from './log.ts';

const LOST =
  /^(ECONNRESET|EPIPE|ETIMEDOUT|ECONNREFUSED|ECONNABORTED|EHOSTUNREACH|ENETUNREACH|CONNECTION_\w+|57P0[123])$/;

/** Whether a rejection says no more than that a connection is gone: whoever used it has been told by its own. */
export const isLostConnection = (reason: unknown): boolean =>
  reason instanceof Error && 'code' in reason && typeof reason.code === 'string' && LOST.test(reason.code);

/**
 * Called once at boot: lost connections are logged, every other rejection that nobody handles still ends the process.
 * That one is logged here too: Node would print all that the error carries, parameters of statements among it.
 */
export function outliveLostConnections(log: Logger): void {
  process.on('unhandledRejection', (reason) => {
    if (isLostConnection(reason)) {
      logError(log, reason, 'a connection was lost while it was being opened');
      return;
    }
    logFatal(log, reason, 'a rejection that nobody handled ends the process');
    process.exit(1);
  });
}
