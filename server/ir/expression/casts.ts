// The types an expression may cast to, as the parser names them (`integer` arrives as pg_catalog.int4). Nothing whose
// input function looks into the catalogue (regclass, regrole…), and no internal type ("char", name, oid).
export const ALLOWED_TYPES: ReadonlySet<string> = new Set(
  `text varchar bpchar int2 int4 int8 smallint integer bigint numeric decimal float4 float8 real bool boolean date time
   timetz timestamp timestamptz interval uuid json jsonb bytea`
    .trim()
    .split(/\s+/),
);

/** `char(n)` pads every value to n, so n is bounded. */
export const MAX_CHAR_LENGTH = 10_000;

export const DATE_TYPES: ReadonlySet<string> = new Set(['date', 'time', 'timetz', 'timestamp', 'timestamptz']);

/** Words that the date types' input reads as the clock. */
export const CLOCK_WORDS = /\b(now|today|tomorrow|yesterday)\b/i;
