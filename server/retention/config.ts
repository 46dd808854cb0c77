/** The job's name in the list of cron jobs, under which its schedule is kept. */
export const PURGE_JOB_NAME = 'dsarPurge';

/**
 * Rows that one transaction goes through. It holds the tenant's retention lock: some 35 ms by measurement, which is
 * what placing a hold can wait for.
 */
export const BATCH_ROWS = 10_000;

/** Blobs deleted between two looks at the time limit. */
export const BLOB_BATCH = 200;

/** A partition is dropped only when nobody reads it; otherwise its rows go in batches like all others. */
export const DROP_TRIES = 3;
