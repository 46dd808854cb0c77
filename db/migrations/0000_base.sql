-- The first schema. Ids are uuidv7, so that a range of ids is a range of time: large tables are partitioned
-- by range of id with the key (tenant_id, id). Row-level security, roles and grants are not here: they are
-- declared once in db/access.ts and applied after every migration, because role names carry the
-- installation's prefix.

-- uuidv7: PostgreSQL 18 has it; on 16 and 17 this makes the same shape (48 bits of Unix ms, version 7, random).
DO $$
BEGIN
  IF current_setting('server_version_num')::int >= 180000 THEN
    EXECUTE 'CREATE FUNCTION ms_uuid() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS ''SELECT uuidv7()''';
  ELSE
    EXECUTE $f$
      CREATE FUNCTION ms_uuid() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $b$
        SELECT encode(
          set_bit(set_bit(
            overlay(uuid_send(gen_random_uuid())
              PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6),
            52, 1), 53, 1), 'hex')::uuid
      $b$ $f$;
  END IF;
END $$;--> statement-breakpoint

-- The smallest uuidv7 of an instant: the bound of a partition.
CREATE FUNCTION ms_uuid_at(at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid
$$;--> statement-breakpoint

-- The instant inside a uuidv7.
CREATE FUNCTION ms_uuid_time(id uuid) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT to_timestamp((('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint) / 1000.0)
$$;--> statement-breakpoint

CREATE TABLE installation (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  id uuid NOT NULL DEFAULT ms_uuid(),
  role_prefix text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now()
);--> statement-breakpoint

CREATE TABLE tenants (
  id uuid PRIMARY KEY DEFAULT ms_uuid(),
  slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z][a-z0-9-]{0,39}$'),
  name text NOT NULL,
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended')),
  schema_name text NOT NULL UNIQUE,
  role_name text NOT NULL UNIQUE,
  max_concurrent_runs int NOT NULL DEFAULT 8 CHECK (max_concurrent_runs BETWEEN 1 AND 1000),
  settings jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz(3) NOT NULL DEFAULT now()
);--> statement-breakpoint

CREATE TABLE users (
  id uuid PRIMARY KEY DEFAULT ms_uuid(),
  email text NOT NULL UNIQUE CHECK (email = lower(email)),
  name text NOT NULL DEFAULT '',
  password_hash text,
  is_instance_operator boolean NOT NULL DEFAULT false,
  disabled_at timestamptz(3),
  created_at timestamptz(3) NOT NULL DEFAULT now()
);--> statement-breakpoint

CREATE TABLE memberships (
  tenant_id uuid NOT NULL REFERENCES tenants,
  user_id uuid NOT NULL REFERENCES users,
  role text NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, user_id)
);--> statement-breakpoint
CREATE INDEX memberships_user ON memberships (user_id);--> statement-breakpoint

CREATE TABLE sessions (
  id uuid PRIMARY KEY DEFAULT ms_uuid(),
  token_hash bytea NOT NULL UNIQUE,
  user_id uuid NOT NULL REFERENCES users,
  tenant_id uuid REFERENCES tenants,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  last_seen_at timestamptz(3) NOT NULL DEFAULT now(),
  expires_at timestamptz(3) NOT NULL,
  revoked_at timestamptz(3),
  user_agent text NOT NULL DEFAULT ''
);--> statement-breakpoint
CREATE INDEX sessions_user ON sessions (user_id);--> statement-breakpoint

CREATE TABLE login_attempts (
  subject text NOT NULL,
  window_start timestamptz(3) NOT NULL,
  failures int NOT NULL DEFAULT 0,
  PRIMARY KEY (subject, window_start)
);--> statement-breakpoint

CREATE TABLE api_keys (
  tenant_id uuid NOT NULL REFERENCES tenants,
  id uuid NOT NULL DEFAULT ms_uuid(),
  name text NOT NULL,
  prefix text NOT NULL,
  key_hash bytea NOT NULL UNIQUE,
  scopes text[] NOT NULL,
  created_by uuid,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  expires_at timestamptz(3),
  last_used_at timestamptz(3),
  revoked_at timestamptz(3),
  PRIMARY KEY (tenant_id, id)
);--> statement-breakpoint

-- Keys that must hold for ever live in unpartitioned tables.
CREATE TABLE idempotency_keys (
  tenant_id uuid NOT NULL,
  operation text NOT NULL,
  key text NOT NULL,
  request_hash bytea NOT NULL,
  response jsonb,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, operation, key)
);--> statement-breakpoint

CREATE TABLE audit_log (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT ms_uuid(),
  tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
  actor_kind text NOT NULL,
  actor_id text NOT NULL,
  action text NOT NULL,
  outcome text NOT NULL DEFAULT 'done' CHECK (outcome IN ('done', 'refused')),
  target_kind text NOT NULL DEFAULT '',
  target_id text NOT NULL DEFAULT '',
  before_digest text,
  after_digest text,
  details jsonb NOT NULL DEFAULT '{}',
  request_id text NOT NULL DEFAULT '',
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id)
) PARTITION BY RANGE (id);--> statement-breakpoint
CREATE INDEX audit_log_cursor ON audit_log (tx, id);--> statement-breakpoint

CREATE TABLE pipelines (
  tenant_id uuid NOT NULL REFERENCES tenants,
  id uuid NOT NULL DEFAULT ms_uuid(),
  name text NOT NULL,
  description text NOT NULL DEFAULT '',
  owner text NOT NULL DEFAULT '',
  latest_version int NOT NULL DEFAULT 0,
  live_version int,
  archived_at timestamptz(3),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name)
);--> statement-breakpoint

CREATE TABLE pipeline_labels (
  tenant_id uuid NOT NULL,
  pipeline_id uuid NOT NULL,
  key text NOT NULL,
  value text NOT NULL,
  PRIMARY KEY (tenant_id, pipeline_id, key),
  FOREIGN KEY (tenant_id, pipeline_id) REFERENCES pipelines ON DELETE CASCADE
);--> statement-breakpoint
CREATE INDEX pipeline_labels_selector ON pipeline_labels (tenant_id, key, value, pipeline_id);--> statement-breakpoint

CREATE TABLE pipeline_versions (
  tenant_id uuid NOT NULL,
  pipeline_id uuid NOT NULL,
  version int NOT NULL,
  ir jsonb NOT NULL,
  digest text NOT NULL,
  created_by text NOT NULL DEFAULT '',
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  published_at timestamptz(3),
  PRIMARY KEY (tenant_id, pipeline_id, version),
  FOREIGN KEY (tenant_id, pipeline_id) REFERENCES pipelines ON DELETE CASCADE
);--> statement-breakpoint

-- One schedule per pipeline. next_fire_at is exact to the millisecond: JavaScript dates cut microseconds.
CREATE TABLE schedules (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT ms_uuid(),
  pipeline_id uuid NOT NULL,
  version int NOT NULL,
  schedule jsonb NOT NULL,
  policies jsonb NOT NULL,
  max_attempts int NOT NULL DEFAULT 1,
  enabled boolean NOT NULL DEFAULT true,
  next_fire_at timestamptz(3),
  paused_at timestamptz(3),
  paused_by text,
  pause_reason text,
  pause_until timestamptz(3),
  -- The end of the last pause: what fell due before it and is not decided yet was skipped, not missed.
  resumed_at timestamptz(3),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (id),
  UNIQUE (tenant_id, pipeline_id),
  FOREIGN KEY (tenant_id, pipeline_id) REFERENCES pipelines ON DELETE CASCADE
);--> statement-breakpoint
CREATE INDEX schedules_due ON schedules (next_fire_at) WHERE enabled AND next_fire_at IS NOT NULL;--> statement-breakpoint

-- The ledger. (schedule, due instant) is the truth of "exactly once". A stretch that did not fire is one row
-- from due_at to due_until with its count.
CREATE TABLE occurrences (
  schedule_id uuid NOT NULL,
  due_at timestamptz(3) NOT NULL,
  tenant_id uuid NOT NULL,
  pipeline_id uuid NOT NULL,
  due_until timestamptz(3),
  count bigint NOT NULL DEFAULT 1 CHECK (count >= 1),
  verdict text NOT NULL CHECK (verdict IN ('pending', 'fired', 'late', 'coalesced', 'skipped_overlap',
    'skipped_paused', 'skipped_blackout', 'missed_window', 'capped')),
  reason text NOT NULL DEFAULT '',
  run_id uuid,
  decided_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (schedule_id, due_at)
);--> statement-breakpoint
CREATE INDEX occurrences_pipeline ON occurrences (tenant_id, pipeline_id, due_at DESC);--> statement-breakpoint
CREATE INDEX occurrences_tenant ON occurrences (tenant_id, due_at DESC);--> statement-breakpoint

CREATE TABLE runs (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT ms_uuid(),
  tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
  pipeline_id uuid NOT NULL,
  version int NOT NULL,
  status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled', 'skipped')),
  trigger text NOT NULL CHECK (trigger IN ('schedule', 'manual', 'backfill', 'file', 'replay', 'upstream')),
  schedule_id uuid,
  scheduled_for timestamptz(3),
  interval_start timestamptz(3),
  interval_end timestamptz(3),
  backfill_id uuid,
  params jsonb NOT NULL DEFAULT '{}',
  attempt int NOT NULL DEFAULT 0,
  max_attempts int NOT NULL DEFAULT 1,
  queued_at timestamptz(3) NOT NULL DEFAULT now(),
  started_at timestamptz(3),
  finished_at timestamptz(3),
  rows_in bigint,
  rows_out bigint,
  rows_rejected bigint,
  note text,
  error jsonb,
  requested_by text NOT NULL DEFAULT '',
  PRIMARY KEY (tenant_id, id)
) PARTITION BY RANGE (id);--> statement-breakpoint
CREATE INDEX runs_pipeline ON runs (tenant_id, pipeline_id, id DESC);--> statement-breakpoint
CREATE INDEX runs_failed ON runs (tenant_id, id DESC) WHERE status = 'failed';--> statement-breakpoint

-- The queue: a narrow row per run that is queued or running, gone when it ends. Leases and heartbeats
-- change here and not in the history. `token` is the fencing token: it grows with every claim.
CREATE TABLE run_queue (
  run_id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  pipeline_id uuid NOT NULL,
  schedule_id uuid,
  scheduled_for timestamptz(3),
  priority smallint NOT NULL DEFAULT 0,
  available_at timestamptz(3) NOT NULL DEFAULT now(),
  attempt int NOT NULL DEFAULT 0,
  max_attempts int NOT NULL DEFAULT 1,
  token bigint NOT NULL DEFAULT 0,
  claimed_by text,
  claimed_at timestamptz(3),
  lease_until timestamptz(3),
  cancel_requested_at timestamptz(3),
  progress jsonb
) WITH (fillfactor = 50);--> statement-breakpoint
CREATE INDEX run_queue_order ON run_queue (available_at, run_id);--> statement-breakpoint
CREATE INDEX run_queue_pipeline ON run_queue (tenant_id, pipeline_id);--> statement-breakpoint

CREATE TABLE run_attempts (
  tenant_id uuid NOT NULL,
  run_id uuid NOT NULL,
  attempt int NOT NULL,
  token bigint NOT NULL,
  runner text NOT NULL,
  status text NOT NULL CHECK (status IN ('running', 'succeeded', 'failed', 'cancelled', 'lost')),
  started_at timestamptz(3) NOT NULL DEFAULT now(),
  finished_at timestamptz(3),
  error jsonb,
  PRIMARY KEY (tenant_id, run_id, attempt)
) PARTITION BY RANGE (run_id);--> statement-breakpoint

CREATE TABLE run_nodes (
  tenant_id uuid NOT NULL,
  run_id uuid NOT NULL,
  node_id text NOT NULL,
  attempt int NOT NULL,
  ordinal int NOT NULL,
  kind text NOT NULL,
  name text NOT NULL DEFAULT '',
  status text NOT NULL CHECK (status IN ('pending', 'running', 'succeeded', 'failed', 'skipped')),
  rows_in bigint NOT NULL DEFAULT 0,
  rows_out bigint NOT NULL DEFAULT 0,
  rows_rejected bigint NOT NULL DEFAULT 0,
  bytes bigint,
  duration_ms double precision,
  sql text NOT NULL DEFAULT '',
  warnings jsonb NOT NULL DEFAULT '[]',
  PRIMARY KEY (tenant_id, run_id, node_id)
) PARTITION BY RANGE (run_id);--> statement-breakpoint

CREATE TABLE dlq_entries (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT ms_uuid(),
  tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
  pipeline_id uuid NOT NULL,
  run_id uuid NOT NULL,
  version int NOT NULL,
  node_id text NOT NULL,
  rule text NOT NULL,
  error_kind text NOT NULL,
  message text NOT NULL,
  attempts int NOT NULL DEFAULT 1,
  source_node text,
  row_key jsonb,
  is_replayable boolean NOT NULL DEFAULT false,
  payload jsonb,
  is_payload_truncated boolean NOT NULL DEFAULT false,
  first_seen_at timestamptz(3) NOT NULL DEFAULT now(),
  last_seen_at timestamptz(3) NOT NULL DEFAULT now(),
  replay_count int NOT NULL DEFAULT 0,
  acked_at timestamptz(3),
  acked_by text,
  PRIMARY KEY (tenant_id, id)
) PARTITION BY RANGE (id);--> statement-breakpoint
CREATE INDEX dlq_entries_pipeline ON dlq_entries (tenant_id, pipeline_id, id);--> statement-breakpoint
CREATE INDEX dlq_entries_run ON dlq_entries (tenant_id, run_id, id);--> statement-breakpoint

-- How far a source or sink of a pipeline got.
CREATE TABLE checkpoints (
  tenant_id uuid NOT NULL,
  pipeline_id uuid NOT NULL,
  node_id text NOT NULL,
  position jsonb NOT NULL,
  run_id uuid NOT NULL,
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, pipeline_id, node_id),
  FOREIGN KEY (tenant_id, pipeline_id) REFERENCES pipelines ON DELETE CASCADE
);--> statement-breakpoint

-- The run's file protocol: a file is claimed (moved to .processing/), committed with the run's effect, then
-- finished (moved to .archive/ or .failed/) by whoever comes next. (path, size, mtime) makes a file one file.
CREATE TABLE run_files (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT ms_uuid(),
  pipeline_id uuid NOT NULL,
  node_id text NOT NULL,
  run_id uuid NOT NULL,
  path text NOT NULL,
  processing_path text NOT NULL,
  final_path text,
  size_bytes bigint NOT NULL,
  modified_at timestamptz(3) NOT NULL,
  state text NOT NULL CHECK (state IN ('claimed', 'committed', 'rejected', 'finished', 'released')),
  rows_read bigint,
  error text,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id)
);--> statement-breakpoint
CREATE INDEX run_files_run ON run_files (tenant_id, run_id);--> statement-breakpoint
CREATE INDEX run_files_unfinished ON run_files (tenant_id, pipeline_id) WHERE state IN ('claimed', 'committed', 'rejected');--> statement-breakpoint

CREATE TABLE cron_runs (
  id uuid PRIMARY KEY DEFAULT ms_uuid(),
  job text NOT NULL,
  slot timestamptz(3),
  process_id text NOT NULL,
  started_at timestamptz(3) NOT NULL DEFAULT now(),
  finished_at timestamptz(3),
  outcome text NOT NULL DEFAULT 'running' CHECK (outcome IN ('running', 'succeeded', 'failed')),
  counts jsonb NOT NULL DEFAULT '{}',
  error text,
  UNIQUE (job, slot)
);--> statement-breakpoint
CREATE INDEX cron_runs_job ON cron_runs (job, started_at DESC);--> statement-breakpoint

-- One row: what the last tick saw. Kept apart from cron_runs, which gets a row only when something was due.
CREATE TABLE scheduler_state (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  last_tick_at timestamptz(3),
  last_tick_ms double precision,
  last_due int NOT NULL DEFAULT 0,
  last_fired int NOT NULL DEFAULT 0,
  clock_skew_ms double precision,
  process_id text
) WITH (fillfactor = 50);--> statement-breakpoint
INSERT INTO scheduler_state DEFAULT VALUES;--> statement-breakpoint

-- Processes of every tier, by heartbeat.
CREATE TABLE processes (
  id text PRIMARY KEY,
  tier text NOT NULL,
  host text NOT NULL,
  pid int NOT NULL,
  version text NOT NULL DEFAULT '',
  started_at timestamptz(3) NOT NULL DEFAULT now(),
  last_seen_at timestamptz(3) NOT NULL DEFAULT now(),
  info jsonb NOT NULL DEFAULT '{}'
) WITH (fillfactor = 50);--> statement-breakpoint

-- Monthly partitions by range of uuidv7 with a default partition as the net, so that no row is ever refused.
CREATE FUNCTION ms_ensure_partitions(months_back int, months_ahead int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  parent text;
  month timestamptz;
  part text;
  made int := 0;
BEGIN
  FOREACH parent IN ARRAY ARRAY['audit_log', 'runs', 'run_attempts', 'run_nodes', 'dlq_entries'] LOOP
    IF to_regclass(format('%I.%I', 'public', parent || '_default')) IS NULL THEN
      EXECUTE format('CREATE TABLE public.%I PARTITION OF public.%I DEFAULT', parent || '_default', parent);
      made := made + 1;
    END IF;
    FOR i IN -months_back..months_ahead LOOP
      month := (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => i)) AT TIME ZONE 'UTC';
      part := parent || '_' || to_char(month AT TIME ZONE 'UTC', 'YYYYMM');
      IF to_regclass(format('%I.%I', 'public', part)) IS NULL THEN
        EXECUTE format('CREATE TABLE public.%I PARTITION OF public.%I FOR VALUES FROM (%L) TO (%L)', part, parent,
          ms_uuid_at(month), ms_uuid_at(((month AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC'));
        made := made + 1;
      END IF;
    END LOOP;
  END LOOP;
  RETURN made;
END $$;--> statement-breakpoint
SELECT ms_ensure_partitions(1, 6);--> statement-breakpoint

-- Look-ups that happen before a tenant is known. They run as the auth role (db/access.ts makes it their
-- owner), which alone may read these tables across tenants; each returns one row for one secret.
CREATE FUNCTION auth_login(login_email text)
RETURNS TABLE (user_id uuid, password_hash text, disabled boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT u.id, u.password_hash, u.disabled_at IS NOT NULL FROM public.users u WHERE u.email = lower(login_email)
$$;--> statement-breakpoint
CREATE FUNCTION auth_session_open(of_user uuid, of_token_hash bytea, of_user_agent text, lifetime_seconds int)
RETURNS TABLE (session_id uuid, tenant_id uuid)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  INSERT INTO public.sessions (user_id, token_hash, user_agent, expires_at, tenant_id)
  SELECT of_user, of_token_hash, left(of_user_agent, 300), now() + make_interval(secs => lifetime_seconds),
    (SELECT m.tenant_id FROM public.memberships m JOIN public.tenants t ON t.id = m.tenant_id
      WHERE m.user_id = of_user AND t.status = 'active' ORDER BY t.slug LIMIT 1)
  RETURNING sessions.id, sessions.tenant_id
$$;--> statement-breakpoint
-- Idle time-out is checked here; last_seen_at moves at most once a minute, so that a page load is not a write.
CREATE FUNCTION auth_session(of_token_hash bytea, idle_seconds int)
RETURNS TABLE (session_id uuid, user_id uuid, email text, user_name text, is_instance_operator boolean,
  tenant_id uuid, tenant_slug text, tenant_name text, tenant_status text, role text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE public.sessions s SET last_seen_at = now()
    WHERE s.token_hash = of_token_hash AND s.last_seen_at < now() - interval '1 minute' AND s.revoked_at IS NULL
      AND s.last_seen_at >= now() - make_interval(secs => idle_seconds);
  RETURN QUERY
    SELECT s.id, u.id, u.email, u.name, u.is_instance_operator, t.id, t.slug, t.name, t.status, m.role
    FROM public.sessions s
    JOIN public.users u ON u.id = s.user_id AND u.disabled_at IS NULL
    LEFT JOIN public.memberships m ON m.user_id = u.id AND m.tenant_id = s.tenant_id
    LEFT JOIN public.tenants t ON t.id = m.tenant_id
    WHERE s.token_hash = of_token_hash AND s.revoked_at IS NULL AND s.expires_at > now()
      AND s.last_seen_at >= now() - make_interval(secs => idle_seconds);
END $$;--> statement-breakpoint
CREATE FUNCTION auth_session_close(of_token_hash bytea) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  UPDATE public.sessions SET revoked_at = now() WHERE token_hash = of_token_hash AND revoked_at IS NULL
$$;--> statement-breakpoint
CREATE FUNCTION auth_key(of_key_hash bytea)
RETURNS TABLE (key_id uuid, tenant_id uuid, tenant_slug text, tenant_name text, tenant_status text, scopes text[])
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE public.api_keys k SET last_used_at = now()
    WHERE k.key_hash = of_key_hash AND (k.last_used_at IS NULL OR k.last_used_at < now() - interval '1 minute');
  RETURN QUERY
    SELECT k.id, t.id, t.slug, t.name, t.status, k.scopes
    FROM public.api_keys k JOIN public.tenants t ON t.id = k.tenant_id
    WHERE k.key_hash = of_key_hash AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now());
END $$;--> statement-breakpoint
-- Failures in the running quarter of an hour, counted per account and per address.
CREATE FUNCTION auth_login_failures(of_subjects text[], has_failed boolean) RETURNS int
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  bucket timestamptz := to_timestamp(floor(extract(epoch FROM now()) / 900) * 900);
  worst int;
BEGIN
  IF has_failed THEN
    INSERT INTO public.login_attempts AS a (subject, window_start, failures)
      SELECT DISTINCT unnest(of_subjects), bucket, 1
      ON CONFLICT (subject, window_start) DO UPDATE SET failures = a.failures + 1;
    DELETE FROM public.login_attempts WHERE window_start < now() - interval '1 day';
  END IF;
  SELECT coalesce(max(failures), 0) INTO worst FROM public.login_attempts
    WHERE subject = ANY (of_subjects) AND window_start = bucket;
  RETURN worst;
END $$;
