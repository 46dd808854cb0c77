// What a request's life is measured by. A row or a file that is gone through is not necessarily one that is the subject's.

/**
 * A request that names no date is due within the days that the tenant has set: one month by GDPR art. 12(3). Two further
 * months are possible for complex ones, with the person told why: a date later than these days is refused.
 */
export const LAST_DUE_DAYS = 92;

/** The daily cleanup carries out an erasure this long before it is due: one that fails leaves another to try. Hours. */
export const DUE_AHEAD_HOURS = 48;

/** Days for which the file of an access request can be downloaded; then it is deleted. */
export const BUNDLE_DAYS = 7;

/** Rows that one transaction of an erasure goes through, under the tenant's retention lock: what placing a hold waits for. */
export const BATCH_ROWS = 5_000;

/** Rows of an access request that are in memory at once; a payload has up to 900 kB. */
export const READ_ROWS = 50;

/** How long a pass waits for the subject's events to be published before it leaves the rest to the next. Milliseconds. */
export const PUBLISH_WAIT_MS = 15_000;
export const PUBLISH_POLL_MS = 500;

/** How long a go waits for who may have read the subject before it was erased, before it leaves the rest to the next. Milliseconds. */
export const WRITER_WAIT_MS = 15_000;
export const WRITER_POLL_MS = 100;

/** Passes of one go: each but the last has found something that was recorded while the one before went on. */
export const MAX_PASSES = 10;

/** How old a pass may be that another go continues, when the time of its own was over. Milliseconds. */
export const HANDED_ON_MS = 3_600_000;

/** Time that requests get of one cleanup; what is left goes on in a run of its own at once. Milliseconds. */
export const CARRY_OUT_MS = 300_000;

/** A bundle is made in one go: one that had this long of a go and was not finished has failed. Milliseconds. */
export const GIVE_MS = 240_000;

/** How long the tables of a tenant's pipelines are searched, each one and all of them, and how many. */
export const SEARCH_TABLE_MS = 3_000;
export const SEARCH_ALL_MS = 30_000;
export const SEARCHED_TABLES = 200;
export const COUNTED_ROWS = 10_000;

/** Lines of an exported file that are judged in one query: at most so many, and not many more characters than these. */
export const BATCH_LINES = 500;
export const BATCH_CHARS = 1_000_000;
/** The run of the cleanup that carries out requests and does nothing else. */
export const REQUESTS_RUN = { job: 'cleanup', params: { dsar: '1' } };
