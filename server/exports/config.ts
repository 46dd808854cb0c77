/** The job's name in the list of cron jobs. */
export const EXPORT_JOB_NAME = 'exportInteractions';

/** Rows of one batch at most; what they are in is visible, and the checkpoint behind it, before the next is read. */
export const BATCH_ROWS = 10_000;

/** A batch ends early past this size: all of it is in memory until its files are written. Unit: bytes. */
export const BATCH_BYTES = 64 * 1024 * 1024;

/** Rows whose sizes are asked for at once while a batch is planned: what is asked past its end is for nothing. */
export const PLAN_ROWS = 250;

/** Rows of one read within a batch. */
export const READ_ROWS = 1_000;

/** Batches that a tenant gets before the next one's turn, so that one backlog does not take all the time. */
export const BATCHES_PER_TURN = 20;

/** No new turn is begun after this long; what is left the next run exports. Unit: milliseconds. */
export const TURNS_MS = 420_000;
