--- source flights: date timestamp without time zone, delay integer, distance numeric, origin text

-- reject
INSERT INTO pg_temp.ms_rejects (node_id, rule, error_kind, message, source_node, row_key, replayable, payload)
SELECT 'flights', 'cast', 'cast',
  array_to_string(ARRAY[CASE WHEN NOT (r.c1 IS NULL OR pg_input_is_valid(r.c1, 'timestamp')) THEN 'column "date": "' || left(r.c1, 100) || '" is not a valid timestamp without time zone' END,
    CASE WHEN NOT (r.c2 IS NULL OR pg_input_is_valid(r.c2, 'integer')) THEN 'column "delay": "' || left(r.c2, 100) || '" is not a valid integer' END,
    CASE WHEN NOT (r.c3 IS NULL OR pg_input_is_valid(r.c3, 'numeric')) THEN 'column "distance": "' || left(r.c3, 100) || '" is not a valid numeric' END], '; '),
  'flights', jsonb_build_object('path', r.path, 'line', r.line), true,
  (SELECT to_jsonb(p) FROM (SELECT r.c1 AS "date", r.c2 AS "delay", r.c3 AS "distance", r.c4 AS "origin") AS p)
FROM "{stage}"."{rows of flights}" AS r
WHERE NOT ((r.c1 IS NULL OR pg_input_is_valid(r.c1, 'timestamp'))
  AND (r.c2 IS NULL OR pg_input_is_valid(r.c2, 'integer'))
  AND (r.c3 IS NULL OR pg_input_is_valid(r.c3, 'numeric')));

-- stage
CREATE TEMP TABLE "ms_n_flights" ON COMMIT DROP AS
SELECT CASE WHEN (r.c1 IS NULL OR pg_input_is_valid(r.c1, 'timestamp')) THEN (r.c1)::timestamp END AS "date",
  CASE WHEN (r.c2 IS NULL OR pg_input_is_valid(r.c2, 'integer')) THEN (r.c2)::integer END AS "delay",
  CASE WHEN (r.c3 IS NULL OR pg_input_is_valid(r.c3, 'numeric')) THEN (r.c3)::numeric END AS "distance",
  r.c4 AS "origin",
  jsonb_build_object('path', r.path, 'line', r.line) AS _ms_key, 'flights'::text AS _ms_source, true AS _ms_replayable
FROM "{stage}"."{rows of flights}" AS r
WHERE (r.c1 IS NULL OR pg_input_is_valid(r.c1, 'timestamp'))
  AND (r.c2 IS NULL OR pg_input_is_valid(r.c2, 'integer'))
  AND (r.c3 IS NULL OR pg_input_is_valid(r.c3, 'numeric'))
ORDER BY r.ctid;

--- source airports: iata text, name text, state text, latitude double precision

-- stage
CREATE TEMP TABLE "ms_n_airports" ON COMMIT DROP AS
SELECT t."iata", t."name", t."state", t."latitude",
  jsonb_build_object('iata', t."iata") AS _ms_key, 'airports'::text AS _ms_source, true AS _ms_replayable
FROM "tenant"."airports" AS t
ORDER BY t."iata";

--- filter late: date timestamp without time zone, delay integer, distance numeric, origin text

-- stage
CREATE TEMP TABLE "ms_n_late" ON COMMIT DROP AS
SELECT h."date", h."delay", h."distance", h."origin", h._ms_key, h._ms_source, h._ms_replayable
FROM pg_temp."ms_n_flights" AS h
CROSS JOIN (SELECT '{run.due_at}'::timestamptz AS due_at, '{run.interval_start}'::timestamptz AS interval_start, '{run.interval_end}'::timestamptz AS interval_end, '{run.id}'::text AS id) AS run
CROSS JOIN (SELECT '{params.min_delay}'::integer AS "min_delay") AS params
CROSS JOIN LATERAL (SELECT
(
delay >= params.min_delay
  and date < run.due_at at time zone 'UTC' -- only the past
) AS "keep"
FROM (SELECT h."delay", h."date") AS _ms_in) AS e
WHERE e.keep;

--- join at_airport: date timestamp without time zone, delay integer, distance numeric, origin text, state text, airport text

-- stage
CREATE TEMP TABLE "ms_n_at_airport" ON COMMIT DROP AS
SELECT l."date", l."delay", l."distance", l."origin", r."state" AS "state", r."name" AS "airport",
  jsonb_build_object('late', l._ms_key, 'airports', r._ms_key) AS _ms_key, 'at_airport'::text AS _ms_source, coalesce(l._ms_replayable, true) AND coalesce(r._ms_replayable, true) AS _ms_replayable
FROM pg_temp."ms_n_late" AS l
LEFT JOIN pg_temp."ms_n_airports" AS r ON l."origin" = r."iata"
ORDER BY l.ctid, r.ctid;

--- aggregate by_state: state text, flights bigint, airports bigint, mean_delay numeric, origins text

-- stage
CREATE TEMP TABLE "ms_n_by_state" ON COMMIT DROP AS
SELECT h."state",
  count(*) AS "flights",
  count(DISTINCT e."a1") AS "airports",
  avg(e."a2") AS "mean_delay",
  string_agg(e."a3", ' ' ORDER BY h.ctid) AS "origins",
  jsonb_build_object('state', h."state") AS _ms_key, 'by_state'::text AS _ms_source, false AS _ms_replayable
FROM pg_temp."ms_n_at_airport" AS h
CROSS JOIN LATERAL (SELECT
(
airport
) AS "a1",
(
delay
) AS "a2",
(
upper(origin)
) AS "a3"
FROM (SELECT h."airport", h."delay", h."origin") AS _ms_in) AS e
GROUP BY h."state";

--- target out: state text, flights bigint, airports bigint, mean_delay numeric, origins text

-- ddl
CREATE TABLE "tenant"."flights_by_state" (
  "state" text,
  "flights" bigint,
  "airports" bigint,
  "mean_delay" numeric,
  "origins" text
);

-- check
SELECT CASE WHEN EXISTS (SELECT 1 FROM pg_temp."ms_n_by_state") THEN 0 ELSE 1 END::bigint AS failures, 'the input is empty, and truncate would leave "flights_by_state" empty; set allowEmpty if that is meant'::text AS message;

-- load
INSERT INTO "tenant"."flights_by_state" ("state", "flights", "airports", "mean_delay", "origins")
SELECT h."state", h."flights", h."airports", h."mean_delay", h."origins"
FROM pg_temp."ms_n_by_state" AS h
ORDER BY h.ctid;
