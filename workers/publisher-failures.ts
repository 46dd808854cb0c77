import { type Logger, logError } from '#server/lib/index.ts';
import { isTransient, PublishFailedError, tickFailures } from '#server/outbox/index.ts';

const MAX_NON_TRANSIENT_FAILURES = 30;

/** Counts a publisher's failed ticks, logs each with its id, and says how long to wait. */
export function createFailures(config: {
  log: Logger;
  /** The longest wait between failed ticks. */
  backoffMaxMs: number;
  /** After 30 consecutive failures that waiting does not cure. */
  onGivingUp: () => void;
}) {
  let inRow = 0;
  let nonTransient = 0;
  let lastErrorId: string | null = null;
  let sendsFailSinceMs: number | null = null;
  return {
    sendsFailForMs: () => (sendsFailSinceMs === null ? null : performance.now() - sendsFailSinceMs),
    beforeRetry() {
      if (lastErrorId !== null)
        config.log.info({ errorId: lastErrorId, failures: inRow }, 'outbox-publisher tries again after a failed tick');
    },
    begin(error: unknown): number {
      const transient = isTransient(error);
      const fields = error instanceof PublishFailedError ? { errorId: error.errorId } : {};
      lastErrorId = logError(config.log, error, 'outbox-publisher tick failed', { ...fields, isTransient: transient });
      tickFailures.labels(String(transient)).inc();
      inRow += 1;
      if (error instanceof PublishFailedError) sendsFailSinceMs ??= performance.now();
      nonTransient = transient ? 0 : nonTransient + 1;
      if (nonTransient >= MAX_NON_TRANSIENT_FAILURES) {
        nonTransient = 0;
        config.onGivingUp();
      }
      return Math.min(config.backoffMaxMs, 100 * 2 ** Math.min(inRow - 1, 10));
    },
    over() {
      if (inRow > 0) config.log.info({ failures: inRow }, 'outbox-publisher publishes again');
      inRow = 0;
      nonTransient = 0;
      lastErrorId = null;
      sendsFailSinceMs = null;
    },
  };
}
