// The functions an expression may call: harmless, without side effects, giving the same answer for the same row.
// All of them live in pg_catalog. A function that is not listed is refused, so a new PostgreSQL adds nothing by itself.

const words = (text: string): string[] => text.trim().split(/\s+/);

export const ALLOWED_FUNCTIONS: ReadonlySet<string> = new Set([
  // text
  ...words(`ascii bit_length btrim casefold char_length character_length chr concat concat_ws convert_from convert_to
    decode encode initcap is_normalized left length like_escape lower lpad ltrim md5 normalize octet_length overlay
    position quote_ident quote_literal quote_nullable regexp_count regexp_instr regexp_like regexp_match
    regexp_replace regexp_split_to_array regexp_substr replace reverse right rpad rtrim sha224 sha256 sha384 sha512
    similar_to_escape split_part starts_with string_to_array strpos substr substring text to_bin to_hex to_oct
    translate unistr upper`),
  // numbers
  ...words(`abs acos acosd asin asind atan atan2 atand cbrt ceil ceiling cos cosd cot degrees div exp floor gcd lcm
    ln log log10 min_scale mod pi pow power radians round scale sign sin sind sinh cosh tanh sqrt tan tand to_number
    trim_scale trunc width_bucket num_nonnulls num_nulls`),
  // dates and times; age with one argument would be the clock and is refused below
  ...words(`age date_add date_bin date_part date_subtract date_trunc extract isfinite justify_days justify_hours
    justify_interval make_date make_interval make_time make_timestamp make_timestamptz timezone to_char to_date
    to_timestamp`),
  // json
  ...words(`json_array_length json_build_array json_build_object json_extract_path json_extract_path_text
    json_strip_nulls json_typeof jsonb_array_length jsonb_build_array jsonb_build_object jsonb_extract_path
    jsonb_extract_path_text jsonb_insert jsonb_object jsonb_path_exists jsonb_path_match jsonb_path_query_array
    jsonb_path_query_first jsonb_pretty jsonb_set jsonb_set_lax jsonb_strip_nulls jsonb_typeof to_json to_jsonb`),
  // arrays
  ...words(`array_append array_cat array_length array_lower array_ndims array_position array_positions array_prepend
    array_remove array_replace array_reverse array_to_string array_upper cardinality trim_array`),
]);

/** Refused with a pointer to run.due_at: the clock and chance would make a backfill compute something else. */
export const CLOCK_AND_CHANCE: ReadonlySet<string> = new Set(
  words(`now clock_timestamp statement_timestamp transaction_timestamp timeofday random random_normal setseed
    gen_random_uuid uuidv4 uuidv7 array_sample array_shuffle txid_current pg_current_xact_id`),
);

/** Aggregates and window functions, refused with the name of the node that does that work. */
export const AGGREGATES: ReadonlySet<string> = new Set(
  words(`any_value array_agg avg bit_and bit_or bit_xor bool_and bool_or corr count covar_pop covar_samp cume_dist
    dense_rank every first_value grouping json_agg json_object_agg jsonb_agg jsonb_object_agg lag last_value lead max
    min mode nth_value ntile percent_rank percentile_cont percentile_disc range_agg rank regr_slope row_number stddev
    stddev_pop stddev_samp string_agg sum var_pop var_samp variance xmlagg`),
);

/** Allowed only with a constant length up to this: `lpad(a, 1000000000)` would allocate a gigabyte for each row. */
export const MAX_PAD_LENGTH = 10_000;
export const PADDING: ReadonlySet<string> = new Set(['lpad', 'rpad']);
