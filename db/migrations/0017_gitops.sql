-- Where a tenant keeps its documents: one of its Git connections, which has address, branch and folder. No foreign
-- key: a connection may be removed, and the next check says so.
CREATE TABLE gitops_sources (
  tenant_id uuid PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
  connection_id uuid NOT NULL,
  updated_by text NOT NULL,
  updated_at timestamptz(3) NOT NULL DEFAULT now()
);--> statement-breakpoint
-- The last check of a tenant's repository: what was read, or why it could not be.
CREATE TABLE gitops_checks (
  tenant_id uuid PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT ms_uuid(),
  connection_id uuid NOT NULL,
  -- What the connection said then; null where it was gone.
  url text,
  branch text,
  folder text,
  started_at timestamptz(3) NOT NULL,
  checked_at timestamptz(3) NOT NULL DEFAULT now(),
  commit_id text CHECK (commit_id ~ '^[0-9a-f]{40,64}$'),
  commit_subject text,
  commit_author text,
  committed_at timestamptz(3),
  files int,
  -- How many documents were in which state when it was checked.
  counts jsonb,
  error_code text,
  error_message text,
  CHECK ((commit_id IS NULL) = (error_code IS NOT NULL))
);--> statement-breakpoint
-- The documents of that commit, those that cannot be read too. How each stands to its pipeline is asked when it is
-- shown, because a save here changes it.
CREATE TABLE gitops_documents (
  tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT ms_uuid(),
  file text NOT NULL,
  line int NOT NULL,
  -- Null where none can be read.
  name text,
  document jsonb,
  problems jsonb,
  PRIMARY KEY (tenant_id, id),
  CHECK ((document IS NULL) = (problems IS NOT NULL)),
  CHECK (document IS NULL OR name IS NOT NULL)
);--> statement-breakpoint
CREATE INDEX gitops_documents_name ON gitops_documents (tenant_id, name);
