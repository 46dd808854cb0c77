-- The cron tier: what is known of each job, who holds it, and what each of its runs did.

-- One row per job, made by its first run or by the first worker that fires it. `token` is the fencing token: it
-- grows with every claim. It changes only when the job changes hands, never by a heartbeat, so that a job's own
-- transactions can lock this row until they commit without keeping its heartbeat waiting.
CREATE TABLE cron_jobs (
  job text PRIMARY KEY,
  token bigint NOT NULL DEFAULT 0,
  -- The run that holds the lease; null: nobody.
  run_id uuid,
  -- As the worker that started last has it: null where nothing here fires the job.
  schedule text,
  fired_by text NOT NULL DEFAULT 'worker' CHECK (fired_by IN ('worker', 'http', 'both')),
  next_fire_at timestamptz(3),
  updated_at timestamptz(3) NOT NULL DEFAULT now()
);--> statement-breakpoint

ALTER TABLE cron_runs
  ADD COLUMN trigger text NOT NULL DEFAULT 'schedule' CHECK (trigger IN ('schedule', 'http', 'operator')),
  ADD COLUMN requested_by text NOT NULL DEFAULT '',
  ADD COLUMN params jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN token bigint NOT NULL DEFAULT 0,
  ADD COLUMN attempt int NOT NULL DEFAULT 1,
  ADD COLUMN lease_until timestamptz(3),
  ADD COLUMN per_tenant jsonb NOT NULL DEFAULT '[]';--> statement-breakpoint
ALTER TABLE cron_runs DROP CONSTRAINT cron_runs_outcome_check;--> statement-breakpoint
ALTER TABLE cron_runs ADD CONSTRAINT cron_runs_outcome_check
  CHECK (outcome IN ('running', 'succeeded', 'partial', 'failed', 'abandoned'));--> statement-breakpoint
-- Old runs go by their age, whatever their job.
CREATE INDEX cron_runs_started ON cron_runs (started_at);--> statement-breakpoint

-- "Run now" of an operator: a worker takes it and runs the job.
CREATE TABLE cron_requests (
  id uuid PRIMARY KEY DEFAULT ms_uuid(),
  job text NOT NULL,
  params jsonb NOT NULL DEFAULT '{}',
  requested_by text NOT NULL,
  requested_at timestamptz(3) NOT NULL DEFAULT now()
);--> statement-breakpoint

-- Row security hides tenants from the worker until it has named one; a job goes through all of them.
CREATE FUNCTION cron_tenants()
RETURNS TABLE (id uuid, slug text, name text, is_active boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT t.id, t.slug, t.name, t.status = 'active' FROM public.tenants t
$$;--> statement-breakpoint

-- Sessions and sign-in attempts are the auth role's alone; the cleanup job prunes them through these. Each call
-- deletes at most `batch` rows and says how many.
CREATE FUNCTION cron_prune_sessions(expired_days int, batch int) RETURNS int
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  WITH gone AS (
    DELETE FROM public.sessions WHERE ctid = ANY (ARRAY(
      SELECT s.ctid FROM public.sessions s
      WHERE s.expires_at < now() - make_interval(days => expired_days) LIMIT batch))
    RETURNING 1)
  SELECT count(*)::int FROM gone
$$;--> statement-breakpoint
CREATE FUNCTION cron_prune_login_attempts(batch int) RETURNS int
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  WITH gone AS (
    DELETE FROM public.login_attempts WHERE ctid = ANY (ARRAY(
      SELECT a.ctid FROM public.login_attempts a WHERE a.window_start < now() - interval '1 day' LIMIT batch))
    RETURNING 1)
  SELECT count(*)::int FROM gone
$$;--> statement-breakpoint

-- What the cleanup job looks for.
CREATE INDEX idempotency_keys_age ON idempotency_keys (tenant_id, created_at);--> statement-breakpoint
CREATE INDEX sessions_expiry ON sessions (expires_at);
