/** A tenant's models at most. */
export const MAX_MODELS = 100;
export const MAX_FEATURES = 30;
/** Values of one text column that have a weight of their own; the rest share one. */
export const MAX_CATEGORIES = 20;
/** A value that fewer training rows have shares the weight of the rest. */
export const MIN_CATEGORY_ROWS = 5;
/** Characters of a category; what is longer is cut, when trained and when scored. */
export const MAX_CATEGORY_CHARS = 100;
/** A number beyond is taken as missing, as NaN and the infinities are: its square must be a number still. */
export const MAX_NUMBER = 1e100;
/** Rows of the hold-out that are measured; of a larger one as many, chosen by the same hash. */
export const MAX_MEASURED_ROWS = 250_000;
/** The share of the rows that is held out, and the seed of the hash that says which. */
export const SPLIT_PERCENT = 20;
export const SPLIT_SEED = 20;
/** Of either class in the hold-out, rows of their own: with fewer, a standard error says little. */
export const MIN_CLASS_ROWS = 10;
/** Trained versions that a model keeps besides the live one. */
export const KEPT_VERSIONS = 200;
export const MAX_SCORED_ROWS = 1_000;
/** One statement's time: below the time after which a silent connection is given up. */
export const STATEMENT_TIMEOUT_MS = 60_000;
/** How long a training waits for its table: for a pipeline's run that replaces its rows. */
export const TABLE_WAIT_MS = 50_000;
/** A training that somebody waits for, and one of the job. */
export const TRAIN_NOW_TIMEOUT_MS = 240_000;
export const RETRAIN_TIMEOUT_MS = 180_000;
/** No training lasts so long: one that seems to has lost its process. */
export const LOST_AFTER_MINUTES = 15;
/** Trainings that people wait for, of one process at a time and one of a tenant: each holds two connections. */
export const TRAININGS_AT_ONCE = 2;
/** Of one tenant that wait for their turn, and for how long. */
export const MAX_WAITING_TRAININGS = 2;
export const LONGEST_WAIT_MS = 60_000;
