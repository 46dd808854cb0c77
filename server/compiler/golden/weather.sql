--- source weather: location text, date date, temp_max numeric(4,1)

-- stage
CREATE TEMP TABLE "ms_n_weather" ON COMMIT DROP AS
SELECT t."location", t."date", t."temp_max",
  jsonb_build_object('location', t."location", 'date', t."date") AS _ms_key, 'weather'::text AS _ms_source, true AS _ms_replayable
FROM "tenant"."weather" AS t
ORDER BY t."location", t."date";

--- validate checked: location text, date date, temp_max numeric(4,1)

-- prepare
CREATE TEMP TABLE "ms_v_checked" ON COMMIT DROP AS
SELECT c._ms_tid, c._ms_failed, (SELECT min(f) FROM unnest(c._ms_failed) AS f WHERE f IN (1, 2)) AS _ms_reject
FROM (
SELECT h.ctid AS _ms_tid, array_remove(ARRAY[
  CASE WHEN (h."temp_max" < (-60) OR h."temp_max" > (60)) THEN 1 END,
  CASE WHEN (h."location" IS NOT NULL AND h."date" IS NOT NULL AND row_number() OVER (PARTITION BY h."location", h."date" ORDER BY h.ctid) > 1) THEN 2 END,
  CASE WHEN (NOT e."r2") THEN 3 END,
  CASE WHEN (h."temp_max" IS NULL) THEN 4 END
]::integer[], NULL) AS _ms_failed
FROM pg_temp."ms_n_weather" AS h
CROSS JOIN (SELECT '{run.due_at}'::timestamptz AS due_at, '{run.interval_start}'::timestamptz AS interval_start, '{run.interval_end}'::timestamptz AS interval_end, '{run.id}'::text AS id) AS run
CROSS JOIN LATERAL (SELECT
(
date <= run.due_at::date
) AS "r2"
FROM (SELECT h."date") AS _ms_in) AS e
OFFSET 0
) AS c
WHERE cardinality(c._ms_failed) > 0;

-- check
SELECT count(*) AS failures, count(*) || ' rows fail the rule not_null(temp_max), which aborts the run' AS message
FROM pg_temp."ms_v_checked" AS v
WHERE 4 = ANY (v._ms_failed);

-- reject
INSERT INTO pg_temp.ms_rejects (node_id, rule, error_kind, message, source_node, row_key, replayable, payload)
SELECT 'checked', (ARRAY['range(temp_max)', 'unique(location, date)', 'expression[2]', 'not_null(temp_max)']::text[])[v._ms_reject], 'rule',
  array_to_string(ARRAY[
    CASE WHEN 1 = ANY (v._ms_failed) THEN 'temp_max = ' || coalesce(left(h."temp_max"::text, 100), 'null') || ' is outside -60 to 60' END,
    CASE WHEN 2 = ANY (v._ms_failed) THEN 'location = ' || coalesce(left(h."location"::text, 100), 'null') || ', date = ' || coalesce(left(h."date"::text, 100), 'null') || ' repeats an earlier row' END,
    CASE WHEN 3 = ANY (v._ms_failed) THEN 'expression[2]: date <= run.due_at::date is false' END,
    CASE WHEN 4 = ANY (v._ms_failed) THEN 'temp_max = ' || coalesce(left(h."temp_max"::text, 100), 'null') || ' must not be null' END
  ], '; '),
  h._ms_source, h._ms_key, h._ms_replayable,
  (SELECT to_jsonb(p) FROM (SELECT h."location" AS "location", h."date" AS "date", h."temp_max" AS "temp_max") AS p)
FROM pg_temp."ms_n_weather" AS h
JOIN pg_temp."ms_v_checked" AS v ON v._ms_tid = h.ctid
WHERE v._ms_reject IN (1);

-- warn
INSERT INTO pg_temp.ms_warnings (node_id, rule, message, row_count)
SELECT 'checked', 'expression[2]', count(*) || ' rows fail the rule expression[2]', count(*)
FROM pg_temp."ms_v_checked" AS v
WHERE 3 = ANY (v._ms_failed)
HAVING count(*) > 0;

-- stage
CREATE TEMP TABLE "ms_n_checked" ON COMMIT DROP AS
SELECT h."location", h."date", h."temp_max", h._ms_key, h._ms_source, h._ms_replayable
FROM pg_temp."ms_n_weather" AS h
WHERE NOT EXISTS (SELECT 1 FROM pg_temp."ms_v_checked" AS v WHERE v._ms_tid = h.ctid AND v._ms_reject IS NOT NULL)
ORDER BY h.ctid;

-- warn
INSERT INTO pg_temp.ms_warnings (node_id, rule, message, row_count)
SELECT 'checked', 'rowCount', 'there are ' || n || ' rows; expected 1 to any number', n
FROM (SELECT count(*) AS n FROM pg_temp."ms_n_checked") AS c
WHERE n < 1;

--- target out: location text, date date, temp_max numeric(4,1)

-- reject
INSERT INTO pg_temp.ms_rejects (node_id, rule, error_kind, message, source_node, row_key, replayable, payload)
SELECT 'out', 'upsert_key', 'key',
  'a column of the upsert key (location, date) is null',
  h._ms_source, h._ms_key, h._ms_replayable,
  (SELECT to_jsonb(p) FROM (SELECT h."location" AS "location", h."date" AS "date", h."temp_max" AS "temp_max") AS p)
FROM pg_temp."ms_n_checked" AS h
WHERE NOT (h."location" IS NOT NULL AND h."date" IS NOT NULL);

-- load
INSERT INTO "tenant"."weather_daily" ("location", "date", "temp_max", "_lineage")
SELECT DISTINCT ON ((h."location")::text, (h."date")::date) h."location", h."date", h."temp_max", jsonb_build_object('run', '{run.id}', 'pipeline', '{pipeline.id}', 'node', h._ms_source, 'key', h._ms_key)
FROM pg_temp."ms_n_checked" AS h
WHERE h."location" IS NOT NULL AND h."date" IS NOT NULL
ORDER BY (h."location")::text, (h."date")::date, h.ctid DESC
ON CONFLICT ("location", "date") DO UPDATE SET "temp_max" = EXCLUDED."temp_max", "_lineage" = EXCLUDED."_lineage";
