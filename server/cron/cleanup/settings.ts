/** How long things are kept, in days; 0: for ever. */
export type CleanupSettings = {
  /** The owner's URL, which alone may make partitions; null: none are made. */
  ownerUrl: string | null;
  /** Sessions, after they expired. Default 30. */
  sessionDays: number;
  /** Invites and links to choose a password, after they expired, whether they were used or not. Default 30. */
  linkDays: number;
  /** Published outbox events. Default 14. */
  outboxDays: number;
  /**
   * Runs that have ended, with their attempts, node metrics and file records; what alert rules said; requests for
   * approval that were decided or ran out; reports of deleted schedules. Default 90.
   */
  runDays: number;
  /** Dead letters, after they were acknowledged. Default 30. */
  dlqDays: number;
  /** Idempotency keys: a request is repeated within hours, by a careful client within days. Default 30, at least 7. */
  idempotencyDays: number;
  /** Runs of cron jobs. Default 90. */
  cronRunDays: number;
  /**
   * From the beginning of the job no stretch is begun after so long: by then it ends by itself, before its limit cuts
   * it off. Milliseconds.
   */
  pruneMs: number;
};

export const CLEANUP_DEFAULTS: CleanupSettings = {
  ...{
    ownerUrl: null,
    sessionDays: 30,
    linkDays: 30,
    outboxDays: 14,
    runDays: 90,
    dlqDays: 30,
    idempotencyDays: 30,
    cronRunDays: 90,
    pruneMs: 480_000,
  },
};
