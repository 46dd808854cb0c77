-- What a claim needs to be fair and to respect limits without reading another tenant's rows.

-- The pipeline's policy, copied by whoever enqueues: runs of this pipeline at once.
ALTER TABLE run_queue ADD COLUMN max_concurrent_runs int NOT NULL DEFAULT 1 CHECK (max_concurrent_runs >= 1);--> statement-breakpoint

-- The claim reads each tenant's head of the queue. Neither index has a column that a heartbeat changes, so
-- that heartbeats stay heap-only updates.
DROP INDEX run_queue_order;--> statement-breakpoint
CREATE INDEX run_queue_ready ON run_queue (tenant_id, priority DESC, available_at, run_id) WHERE claimed_by IS NULL;--> statement-breakpoint
CREATE INDEX run_queue_claimed ON run_queue (claimed_by, run_id) WHERE claimed_by IS NOT NULL;--> statement-breakpoint

-- A run's files by their place in the inbox: a claim asks whether a path is already in someone's hands.
CREATE INDEX run_files_path ON run_files (tenant_id, path) WHERE state = 'claimed';--> statement-breakpoint

-- Row security hides tenants from the worker until it has named one; this is what it may know of all of them.
CREATE FUNCTION queue_tenants()
RETURNS TABLE (tenant_id uuid, max_concurrent_runs int, is_active boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT t.id, t.max_concurrent_runs, t.status = 'active' FROM public.tenants t
$$;
