-- What an update of an event costs, and whether a publisher's backend takes what it is sent.

-- A claimed row is longer than a new one by its token, a published one by its time: at 50 the second copies of a
-- page do not all fit beside the first. With four lanes at work 86 % of the updates were heap-only, at 44 are 94 %.
-- First, so that the rewrite below packs its pages so.
DO $$
DECLARE
  part regclass;
BEGIN
  FOR part IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'public.outbox_events'::regclass LOOP
    EXECUTE format('ALTER TABLE %s SET (fillfactor = 44)', part);
  END LOOP;
END $$;--> statement-breakpoint

-- PostgreSQL 18 reads the expressions of a table's stored generated columns anew for every updated row when the
-- update touches none of them, which was half of the time of a claim or a mark. This column depends on what both
-- change: then they are read once per statement.
-- The headers' size is kept like the payload's, so that its check need not spell the headers at every update.
-- Both columns rewrite the partitions, once.
ALTER TABLE outbox_events
  ADD COLUMN is_claimed boolean NOT NULL GENERATED ALWAYS AS (status = 'processing') STORED,
  ADD COLUMN headers_bytes int NOT NULL GENERATED ALWAYS AS (octet_length(headers::text)) STORED,
  DROP CONSTRAINT outbox_events_headers_check,
  ADD CONSTRAINT outbox_events_headers_bytes_check CHECK (headers_bytes <= 8192);--> statement-breakpoint

-- Since when a publisher's sends have failed; null: the last one did not. /health reads it.
ALTER TABLE outbox_publishers ADD COLUMN failing_since timestamptz(3);--> statement-breakpoint

-- As before but for the fillfactor.
CREATE OR REPLACE FUNCTION ms_ensure_partitions(months_back int, months_ahead int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  parent text;
  month timestamptz;
  part text;
  storage text;
  made int := 0;
BEGIN
  FOREACH parent IN ARRAY ARRAY['audit_log', 'runs', 'run_attempts', 'run_nodes', 'dlq_entries', 'outbox_events',
    'interaction_history', 'interaction_outcomes', 'decision_traces', 'ai_attachments'] LOOP
    storage := CASE parent WHEN 'outbox_events' THEN ' WITH (fillfactor = 44)' ELSE '' END;
    IF to_regclass(format('%I.%I', 'public', parent || '_default')) IS NULL THEN
      EXECUTE format('CREATE TABLE public.%I PARTITION OF public.%I DEFAULT', parent || '_default', parent) || storage;
      made := made + 1;
    END IF;
    FOR i IN -months_back..months_ahead LOOP
      month := (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => i)) AT TIME ZONE 'UTC';
      part := parent || '_' || to_char(month AT TIME ZONE 'UTC', 'YYYYMM');
      IF to_regclass(format('%I.%I', 'public', part)) IS NULL THEN
        BEGIN
          EXECUTE format('CREATE TABLE public.%I PARTITION OF public.%I FOR VALUES FROM (%L) TO (%L)', part, parent,
            ms_uuid_at(month), ms_uuid_at(((month AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC')) || storage;
        EXCEPTION WHEN check_violation THEN
          -- The default partition has rows of this month already: they stay there, and so will the rest of it.
          RAISE WARNING 'rows of % are in %_default: the month keeps no partition of its own', part, parent;
          CONTINUE;
        END;
        made := made + 1;
      END IF;
    END LOOP;
  END LOOP;
  RETURN made;
END $$;
