/** The job's name in the list of cron jobs, under which its schedule is kept. */
export const PURGE_JOB_NAME = 'dsarPurge';

/**
 * A purge that was called so lately is taken for one that somebody outside calls regularly, where no worker here has a
 * schedule for it: once a week is the rarest that is sensible.
 */
export const CALLED_DAYS = 8;

/**
 * A run of the job begins nothing new after this: it ends by itself and says what it did before its limit of 540 s cuts
 * it off. Milliseconds.
 */
export const PURGE_MS = 420_000;

/**
 * How long a page or a caller waits for the count of one class, and how long the job's dry run does: so that a tenant begun at the
 * end of its time is counted before the job's limit. Milliseconds.
 */
export const PREVIEW_MS = 10_000;
export const DRY_RUN_MS = 25_000;

/**
 * Rows that one transaction goes through. It holds the tenant's retention lock: some 35 ms by measurement, which is
 * what placing a hold can wait for.
 */
export const BATCH_ROWS = 10_000;

/** GDPR art. 12(3): one month. Of a tenant that has set nothing; the column's default says the same. */
export const DEFAULT_REQUEST_DUE_DAYS = 30;

/** Blobs deleted between two looks at the time limit. */
export const BLOB_BATCH = 200;

/** A partition is dropped only when nobody reads it; otherwise its rows go in batches like all others. */
export const DROP_TRIES = 3;

/**
 * Locks on a table are waited for for 20 ms, so that no insert waits longer behind one; within that time nobody may have
 * a transaction open that wrote to the table. Placing a hold waits for all of these tries, at most. Milliseconds.
 */
export const DETACH_TRIES = 8;
export const DETACH_PAUSE_MS = 40;
