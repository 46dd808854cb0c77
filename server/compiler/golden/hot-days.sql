--- source weather: location text, date date, temp_max numeric(4,1), wind real

-- stage
CREATE TEMP TABLE "ms_n_weather" ON COMMIT DROP AS
SELECT t."location", t."date", t."temp_max", t."wind",
  jsonb_build_object('location', t."location", 'date', t."date") AS _ms_key, 'weather'::text AS _ms_source, true AS _ms_replayable
FROM "tenant"."weather" AS t
ORDER BY t."location", t."date";

--- filter hot: location text, date date, temp_max numeric(4,1), wind real

-- stage
CREATE TEMP TABLE "ms_n_hot" ON COMMIT DROP AS
SELECT h."location", h."date", h."temp_max", h."wind", h._ms_key, h._ms_source, h._ms_replayable
FROM pg_temp."ms_n_weather" AS h
CROSS JOIN LATERAL (SELECT
(
temp_max >= 35
) AS "keep"
FROM (SELECT h."temp_max") AS _ms_in) AS e
WHERE e.keep;

--- target tell: location text, date date, temp_max numeric(4,1)

-- prepare
CREATE TEMP TABLE "ms_e_tell" ON COMMIT DROP AS
SELECT (e.event_key)::text AS event_key, (SELECT to_jsonb(p) FROM (SELECT h."location" AS "location", h."date" AS "date", h."temp_max" AS "temp_max") AS p) AS event_payload, h._ms_key, h._ms_source, h._ms_replayable
FROM pg_temp."ms_n_hot" AS h
CROSS JOIN (SELECT '{params.unit}'::text AS "unit") AS params
CROSS JOIN LATERAL (SELECT
(
lower(location) || ':' || params.unit
) AS "event_key"
FROM (SELECT h."location") AS _ms_in) AS e;

-- reject
INSERT INTO pg_temp.ms_rejects (node_id, rule, error_kind, message, source_node, row_key, replayable, payload)
SELECT 'tell', 'event_key', 'event',
  'the key of the event has ' || coalesce(octet_length(h.event_key), 0) || ' bytes, of 1 to 1024 allowed',
  h._ms_source, h._ms_key, h._ms_replayable,
  h.event_payload
FROM pg_temp."ms_e_tell" AS h
WHERE NOT (coalesce(octet_length(h.event_key), 0) BETWEEN 1 AND 1024);

-- reject
INSERT INTO pg_temp.ms_rejects (node_id, rule, error_kind, message, source_node, row_key, replayable, payload)
SELECT 'tell', 'event_size', 'event',
  'the payload of the event has ' || octet_length(h.event_payload::text) || ' bytes, of 900000 allowed',
  h._ms_source, h._ms_key, h._ms_replayable,
  h.event_payload
FROM pg_temp."ms_e_tell" AS h
WHERE coalesce(octet_length(h.event_key), 0) BETWEEN 1 AND 1024 AND NOT (octet_length(h.event_payload::text) <= 900000);

-- load
INSERT INTO pg_temp.ms_events (node_id, event_type, event_key, payload)
SELECT 'tell', 'day.was.hot.v1', h.event_key, h.event_payload
FROM pg_temp."ms_e_tell" AS h
WHERE coalesce(octet_length(h.event_key), 0) BETWEEN 1 AND 1024 AND octet_length(h.event_payload::text) <= 900000
ORDER BY h.ctid;
