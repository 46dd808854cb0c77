--- source readings: at timestamp with time zone, Sensor Id text, value double precision

-- stage
CREATE TEMP TABLE "ms_n_readings" ON COMMIT DROP AS
SELECT t."at", t."Sensor Id", t."value",
  NULL::jsonb AS _ms_key, 'readings'::text AS _ms_source, false AS _ms_replayable
FROM "tenant"."readings" AS t;

--- select clean: sensor integer, at timestamp with time zone, value double precision

-- reject
INSERT INTO pg_temp.ms_rejects (node_id, rule, error_kind, message, source_node, row_key, replayable, payload)
SELECT 'clean', 'cast', 'cast',
  array_to_string(ARRAY[CASE WHEN NOT (h."Sensor Id" IS NULL OR pg_input_is_valid(h."Sensor Id", 'integer')) THEN 'column "Sensor Id": "' || left(h."Sensor Id", 100) || '" is not a valid integer' END], '; '),
  h._ms_source, h._ms_key, h._ms_replayable,
  (SELECT to_jsonb(p) FROM (SELECT h."at" AS "at", h."Sensor Id" AS "Sensor Id", h."value" AS "value") AS p)
FROM pg_temp."ms_n_readings" AS h
WHERE NOT ((h."Sensor Id" IS NULL OR pg_input_is_valid(h."Sensor Id", 'integer')));

-- stage
CREATE TEMP TABLE "ms_n_clean" ON COMMIT DROP AS
SELECT CASE WHEN (h."Sensor Id" IS NULL OR pg_input_is_valid(h."Sensor Id", 'integer')) THEN (h."Sensor Id")::integer END AS "sensor",
  h."at" AS "at",
  h."value" AS "value",
  h._ms_key, h._ms_source, h._ms_replayable
FROM pg_temp."ms_n_readings" AS h
WHERE (h."Sensor Id" IS NULL OR pg_input_is_valid(h."Sensor Id", 'integer'));

--- derive doubled: sensor integer, at timestamp with time zone, value double precision, day timestamp with time zone

-- stage
CREATE TEMP TABLE "ms_n_doubled" ON COMMIT DROP AS
SELECT h."sensor", h."at", e."value", e."day", h._ms_key, h._ms_source, h._ms_replayable
FROM pg_temp."ms_n_clean" AS h
CROSS JOIN LATERAL (SELECT
(
value * 2
) AS "value",
(
date_trunc('day', at)
) AS "day"
FROM (SELECT h."value", h."at") AS _ms_in) AS e;

--- dedupe latest: sensor integer, at timestamp with time zone, value double precision, day timestamp with time zone

-- stage
CREATE TEMP TABLE "ms_n_latest" ON COMMIT DROP AS
SELECT h."sensor", h."at", h."value", h."day", h._ms_key, h._ms_source, h._ms_replayable
FROM (
SELECT h."sensor", h."at", h."value", h."day", h._ms_key, h._ms_source, h._ms_replayable, h.ctid AS _ms_tid, row_number() OVER (PARTITION BY h."sensor", h."day" ORDER BY e."s0" DESC NULLS LAST, h.ctid) AS _ms_rank
FROM pg_temp."ms_n_doubled" AS h
CROSS JOIN LATERAL (SELECT
(
at
) AS "s0"
FROM (SELECT h."at") AS _ms_in) AS e
) AS h
WHERE h._ms_rank = 1
ORDER BY h._ms_tid;

--- sort top: sensor integer, at timestamp with time zone, value double precision, day timestamp with time zone

-- stage
CREATE TEMP TABLE "ms_n_top" ON COMMIT DROP AS
SELECT h."sensor", h."at", h."value", h."day", h._ms_key, h._ms_source, h._ms_replayable
FROM pg_temp."ms_n_latest" AS h
CROSS JOIN LATERAL (SELECT
(
value
) AS "s0"
FROM (SELECT h."value") AS _ms_in) AS e
ORDER BY e."s0" DESC NULLS LAST, h.ctid
LIMIT 10;

--- union everything: sensor integer, at timestamp with time zone, value double precision, day timestamp with time zone

-- stage
CREATE TEMP TABLE "ms_n_everything" ON COMMIT DROP AS
SELECT h."sensor", h."at", h."value", h."day", h._ms_key, h._ms_source, h._ms_replayable
FROM (
SELECT u.*, row_number() OVER (PARTITION BY u."sensor", u."at", u."value", u."day" ORDER BY u._ms_part, u._ms_tid) AS _ms_rank
FROM (
SELECT h."sensor"::integer AS "sensor", h."at"::timestamp with time zone AS "at", h."value"::double precision AS "value", h."day"::timestamp with time zone AS "day", h._ms_key, h._ms_source, h._ms_replayable, 0 AS _ms_part, h.ctid AS _ms_tid
FROM pg_temp."ms_n_latest" AS h
UNION ALL
SELECT h."sensor"::integer AS "sensor", h."at"::timestamp with time zone AS "at", h."value"::double precision AS "value", h."day"::timestamp with time zone AS "day", h._ms_key, h._ms_source, h._ms_replayable, 1 AS _ms_part, h.ctid AS _ms_tid
FROM pg_temp."ms_n_top" AS h
) AS u
) AS h
WHERE h._ms_rank = 1
ORDER BY h._ms_part, h._ms_tid;

--- target out: sensor integer, at timestamp with time zone, value double precision, day timestamp with time zone

-- ddl
CREATE TABLE "tenant"."readings_daily" (
  "sensor" integer NOT NULL,
  "at" timestamp with time zone,
  "value" double precision,
  "day" timestamp with time zone NOT NULL,
  "_lineage" jsonb
);

-- ddl
CREATE UNIQUE INDEX ON "tenant"."readings_daily" ("sensor", "day");

-- reject
INSERT INTO pg_temp.ms_rejects (node_id, rule, error_kind, message, source_node, row_key, replayable, payload)
SELECT 'out', 'upsert_key', 'key',
  'a column of the upsert key (sensor, day) is null',
  h._ms_source, h._ms_key, h._ms_replayable,
  (SELECT to_jsonb(p) FROM (SELECT h."sensor" AS "sensor", h."at" AS "at", h."value" AS "value", h."day" AS "day") AS p)
FROM pg_temp."ms_n_everything" AS h
WHERE NOT (h."sensor" IS NOT NULL AND h."day" IS NOT NULL);

-- load
INSERT INTO "tenant"."readings_daily" ("sensor", "at", "value", "day", "_lineage")
SELECT DISTINCT ON ((h."sensor")::integer, (h."day")::timestamp with time zone) h."sensor", h."at", h."value", h."day", jsonb_build_object('run', '{run.id}', 'pipeline', '{pipeline.id}', 'node', h._ms_source, 'key', h._ms_key)
FROM pg_temp."ms_n_everything" AS h
WHERE h."sensor" IS NOT NULL AND h."day" IS NOT NULL
ORDER BY (h."sensor")::integer, (h."day")::timestamp with time zone, h.ctid DESC
ON CONFLICT ("sensor", "day") DO UPDATE SET "at" = EXCLUDED."at", "value" = EXCLUDED."value", "_lineage" = EXCLUDED."_lineage";
