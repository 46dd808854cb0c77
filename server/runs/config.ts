// What steers a runner. Times in milliseconds.

/** The heartbeat comes three times a lease, so two can be lost before the run is. */
export const HEARTBEATS_PER_LEASE = 3;

/** Expired leases handled in one pass of the reaper. */
export const REAP_BATCH = 100;

/** Queue rows of one tenant that one claim looks at; those of pipelines at their limit are not counted. */
export const CLAIM_SCAN = 200;

/** A NOTIFY of one process comes so long after the one before at the earliest, for all wake-ups meanwhile: one in each transaction costs 2 to 7 times the commits. */
export const NOTIFY_COALESCE_MS = 25;
export const NOTIFY_CHANNEL = 'mainspring_runs';

/** After the client-side deadline a statement has this long to react to its cancel; then the connection is cut. */
export const ABANDON_AFTER_MS = 5_000;

/** A cancel that arrives between two statements is forgotten by the server, so it is repeated. */
export const CANCEL_REPEAT_MS = 250;

/** A lost lease is retried after 1, 2, 4 … seconds, at most a minute: the runner died, not the pipeline. */
export const LOST_RETRY_MAX_SECONDS = 60;

/** Error messages in rows and pages. */
export const MAX_MESSAGE_CHARS = 2_000;
