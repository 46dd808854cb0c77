import { type Logger, logError } from '#server/lib/index.ts';
import { isTransient, PublishFailedError, tickFailures } from '#server/outbox/index.ts';

const MAX_NON_TRANSIENT_FAILURES = 30;

/** Whose turns fail or come to an end: a lane, by its number, or the part that keeps the lanes. */
export type Member = number | 'keeper';
export type Failures = ReturnType<typeof createFailures>;
type Row = { inRow: number; nonTransient: number; lastErrorId: string | null; sendsFailSinceMs: number | null };

/**
 * Counts the failed ticks of each member in a row, logs each with its id, and says how long that member is to wait. Another's
 * success ends nobody's row, and another's failure lengthens none: thirty in a row are as long an outage with one lane as
 * with four.
 */
export function createFailures(config: {
  log: Logger;
  /** The longest wait between failed ticks. */
  backoffMaxMs: number;
  /** Once, after 30 consecutive failures of one member that waiting does not cure. */
  onGivingUp: () => void;
}) {
  const rows = new Map<Member, Row>();
  let hasGivenUp = false;
  const laneOf = (who: Member) => (who === 'keeper' ? {} : { lane: who });
  return {
    /** Since when sends of some lane have failed, the longest; null: none does. */
    sendsFailForMs(): number | null {
      const since = [...rows.values()].flatMap(({ sendsFailSinceMs }) => sendsFailSinceMs ?? []);
      return since.length === 0 ? null : performance.now() - Math.min(...since);
    },
    beforeRetry(who: Member) {
      const row = rows.get(who);
      if (!row) return;
      const fields = { ...laneOf(who), errorId: row.lastErrorId, failures: row.inRow };
      config.log.info(fields, 'outbox-publisher tries again after a failed tick');
    },
    begin(who: Member, error: unknown): number {
      const row = rows.get(who) ?? { inRow: 0, nonTransient: 0, lastErrorId: null, sendsFailSinceMs: null };
      rows.set(who, row);
      const transient = isTransient(error);
      const fields = {
        ...laneOf(who),
        ...(error instanceof PublishFailedError ? { errorId: error.errorId } : {}),
        isTransient: transient,
      };
      row.lastErrorId = logError(config.log, error, 'outbox-publisher tick failed', fields);
      tickFailures.labels(String(transient)).inc();
      row.inRow += 1;
      if (error instanceof PublishFailedError) row.sendsFailSinceMs ??= performance.now();
      row.nonTransient = transient ? 0 : row.nonTransient + 1;
      if (row.nonTransient >= MAX_NON_TRANSIENT_FAILURES && !hasGivenUp) {
        hasGivenUp = true;
        config.onGivingUp();
      }
      return Math.min(config.backoffMaxMs, 100 * 2 ** Math.min(row.inRow - 1, 10));
    },
    over(who: Member) {
      const row = rows.get(who);
      if (!row) return;
      rows.delete(who);
      config.log.info({ ...laneOf(who), failures: row.inRow }, 'outbox-publisher publishes again');
    },
    /** What failed in lanes that are another's now is no longer this publisher's. */
    keepOnly(lanes: readonly number[]) {
      for (const who of rows.keys()) if (who !== 'keeper' && !lanes.includes(who)) rows.delete(who);
    },
  };
}
