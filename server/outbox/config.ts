// What steers the outbox. Times in milliseconds.

/** More publishers than lanes stand by. */
export { LANES } from '#db/outbox-lane.ts';

/** A payload larger than this is refused at insert: a broker takes 1 MB with headers and framing. */
export const MAX_PAYLOAD_BYTES = 900_000;
export const MAX_HEADERS_BYTES = 8_192;

/** One claim ends here, so that a publisher's memory is bounded by its lanes and not by its batch size. */
export const CLAIM_MAX_BYTES = 8_000_000;

/**
 * With a backlog a lane's claims double up to so many times OUTBOX_BATCH_SIZE, and so many events at most: four even lanes' claim is then a
 * fifth of a walk. They begin anew each second, and whenever one was slow.
 */
const MAX_BATCH_GROWTH = 4;
const MAX_GROWN_BATCH = 2_000;
export const maxBatchSizeOf = (batchSize: number): number =>
  Math.max(batchSize, Math.min(batchSize * MAX_BATCH_GROWTH, MAX_GROWN_BATCH));
/** A claim is slow that takes longer to send, or to be had and sent; one doubles while twice as many would not be. */
export const QUICK_SEND_MS = 50;
export const QUICK_PART_OF_LEASE = 0.05;
/** None is doubled beyond so much of payloads: what a request to a broker takes, with room for keys and headers. */
export const MAX_GROWN_CHARS = 400_000;

/** Unfinished rows that one claim looks at beyond its batch: a key that waits must not hide the others. */
export const CLAIM_MAX_SCAN = 20_000;

/**
 * Places of a lane that one claim, one look for news and one statement of a sweep go over, whatever became of the rows there: the
 * index does not tell the unfinished ones, and a statement must end in time however much was published behind one that waits.
 */
export const MAX_WALK = 20_000;
/** Or over so many rows, where these are the more places: what is left of a sparse lane is no reason to stop. */
export const FEW_ROWS = 200;
/** A claim that went over so many places and left some that wait lets the next ones begin behind them. */
export const DEAR_WALK = 1_000;
/** Statements of one sweep that let the low-water follow. */
export const MAX_FOLLOW_STEPS = 10;

/** Unfinished rows of one lane that a look for news reads: where all of them wait, a claim is to say whether more do. */
export const NEWS_MAX_SCAN = 64;

/** Keys with held events that a publisher remembers of one lane, so that its claims go on behind their events. */
export const CLAIM_MAX_BLOCKED_KEYS = 100_000;
/** After a pass over held events that took t, none for this many times t. */
export const PASS_REST_FACTOR = 4;

/** A publish is given up at this part of the lease: the rest is for marking before anyone takes over. */
export const PUBLISH_PART_OF_LEASE = 0.7;

/** A NOTIFY of one process comes so long after the one before at the earliest, for all wake-ups meanwhile. */
export const NOTIFY_COALESCE_MS = 25;
export const NOTIFY_CHANNEL = 'mainspring_outbox';

/** Delay after an event's own failure: 1, 2, 4 … seconds, at most this many. */
export const EVENT_RETRY_MAX_SECONDS = 60;

/** A sweep from the low-water, which lets that follow, comes soon after a lane has nothing left when it is cheaper than this. */
export const CHEAP_SWEEP_MS = 20;

/** Error messages in rows and pages. */
export const MAX_MESSAGE_CHARS = 2_000;

/** Default of OUTBOX_REAPER_STALENESS_SECONDS. */
export const REAPER_STALENESS_SECONDS = 300;

/** A point of the page's lines every so many seconds, kept for a day. */
export const SAMPLE_SECONDS = 10;
export const SAMPLES_KEPT = '1 day';

/** After a count that took t, none for this many times t: counting costs at most a twentieth of one connection. */
export const COUNT_COST_FACTOR = 20;

/** How long one process answers a tenant's summary from the same count. */
export const SUMMARY_FRESH_MS = 2_000;

/** A list that filters by what no index covers looks at so many of the newest events, then says where to go on. */
export const LIST_MAX_SCAN = 50_000;

/** A publisher that has not been heard of for so long counts as silent; it signs on every poll interval. */
export const PUBLISHER_SILENT_SECONDS = 15;
