-- The outbox tier and the hot path that feeds it.

-- One event per row. Two status changes per event must stay heap-only updates: the only indexes are the key,
-- (lane, seq) and the list of failed ones; none names a column that a claim or a mark changes, in its columns or
-- in its predicate, and partitions are made with fillfactor 50. `tx` stands before `seq`: defaults are evaluated
-- in column order, so a transaction has its number before it takes a place, and "every transaction numbered below
-- x has ended" proves that no place below a known one can still appear.
CREATE TABLE outbox_events (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT ms_uuid(),
  tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
  seq bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  -- Four lanes: server/outbox/config.ts says the same. Every event of one key is in one lane.
  lane smallint NOT NULL GENERATED ALWAYS AS ((hashtextextended(tenant_id::text || ' ' || key, 0) & 3)::smallint) STORED,
  type text NOT NULL CHECK (length(type) BETWEEN 1 AND 200),
  key text NOT NULL CHECK (octet_length(key) BETWEEN 1 AND 1024),
  payload jsonb NOT NULL,
  payload_bytes int NOT NULL GENERATED ALWAYS AS (octet_length(payload::text)) STORED CHECK (payload_bytes <= 900000),
  headers jsonb NOT NULL DEFAULT '{}' CHECK (octet_length(headers::text) <= 8192),
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'processing', 'published', 'failed', 'discarded')),
  attempts int NOT NULL DEFAULT 0,
  requeue_count int NOT NULL DEFAULT 0,
  claim_token bigint,
  last_error text,
  error_id text,
  available_at timestamptz(3) NOT NULL DEFAULT now(),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  published_at timestamptz(3),
  failed_at timestamptz(3),
  PRIMARY KEY (tenant_id, id)
) PARTITION BY RANGE (id);--> statement-breakpoint
CREATE INDEX outbox_events_lane ON outbox_events (lane, seq);--> statement-breakpoint
CREATE INDEX outbox_events_failed ON outbox_events (tenant_id, id DESC) WHERE failed_at IS NOT NULL;--> statement-breakpoint

-- Who publishes a lane, until when, and under which token; the token grows with every change of hands. Every row
-- of the lane at or below low_water is published, failed or discarded, and none can appear there any more.
CREATE TABLE outbox_lanes (
  lane smallint PRIMARY KEY,
  owner text,
  token bigint NOT NULL DEFAULT 0,
  lease_until timestamptz(3),
  low_water bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);--> statement-breakpoint
INSERT INTO outbox_lanes (lane) SELECT generate_series(0, 3);--> statement-breakpoint

-- Only the lane's owner writes its row, so that counting makes no two transactions wait for each other.
CREATE TABLE outbox_counters (
  tenant_id uuid NOT NULL,
  lane smallint NOT NULL,
  published bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, lane)
) WITH (fillfactor = 50);--> statement-breakpoint

CREATE TABLE outbox_publishers (
  id text PRIMARY KEY,
  host text NOT NULL,
  pid int NOT NULL,
  backend text NOT NULL,
  started_at timestamptz(3) NOT NULL DEFAULT now(),
  last_seen_at timestamptz(3) NOT NULL DEFAULT now()
) WITH (fillfactor = 50);--> statement-breakpoint

CREATE TABLE interaction_history (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT ms_uuid(),
  tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
  customer_id text NOT NULL CHECK (octet_length(customer_id) BETWEEN 1 AND 512),
  offer_id text NOT NULL,
  channel text NOT NULL,
  interaction_type text NOT NULL,
  context jsonb NOT NULL DEFAULT '{}',
  occurred_at timestamptz(3) NOT NULL DEFAULT now(),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id)
) PARTITION BY RANGE (id);--> statement-breakpoint
CREATE INDEX interaction_history_cursor ON interaction_history (tenant_id, tx, id);--> statement-breakpoint
CREATE INDEX interaction_history_customer ON interaction_history (tenant_id, customer_id, id DESC);--> statement-breakpoint

CREATE TABLE interaction_outcomes (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT ms_uuid(),
  tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
  interaction_id uuid NOT NULL,
  customer_id text NOT NULL,
  outcome text NOT NULL,
  value double precision,
  occurred_at timestamptz(3) NOT NULL DEFAULT now(),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id)
) PARTITION BY RANGE (id);--> statement-breakpoint
CREATE INDEX interaction_outcomes_cursor ON interaction_outcomes (tenant_id, tx, id);--> statement-breakpoint
CREATE INDEX interaction_outcomes_interaction ON interaction_outcomes (tenant_id, interaction_id, id);--> statement-breakpoint

CREATE TABLE decision_traces (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT ms_uuid(),
  tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
  interaction_id uuid NOT NULL,
  trace jsonb NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id)
) PARTITION BY RANGE (id);--> statement-breakpoint
CREATE INDEX decision_traces_interaction ON decision_traces (tenant_id, interaction_id, id);--> statement-breakpoint

CREATE TABLE ai_attachments (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT ms_uuid(),
  tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
  interaction_id uuid NOT NULL,
  name text NOT NULL,
  content_type text NOT NULL,
  size_bytes bigint NOT NULL,
  sha256 text NOT NULL,
  location text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id)
) PARTITION BY RANGE (id);--> statement-breakpoint
CREATE INDEX ai_attachments_interaction ON ai_attachments (tenant_id, interaction_id, id);--> statement-breakpoint

-- Monthly partitions by range of uuidv7 with a default partition as the net, so that no row is ever refused.
-- Storage parameters are not inherited: those of the outbox are given to each partition here.
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
    storage := CASE parent WHEN 'outbox_events' THEN ' WITH (fillfactor = 50)' ELSE '' END;
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
END $$;--> statement-breakpoint
SELECT ms_ensure_partitions(1, 6);
