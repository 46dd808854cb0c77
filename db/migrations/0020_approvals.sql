-- Which pipelines need approval before a version goes live, and whose. No row: none does. The lists are jsonb without
-- checks of their form: whoever reads them parses them, and what cannot be parsed lets nothing go live.
CREATE TABLE approval_settings (
  tenant_id uuid PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
  version int NOT NULL DEFAULT 1 CHECK (version > 0),
  selectors jsonb NOT NULL,
  stages jsonb NOT NULL,
  expiry_hours int NOT NULL,
  allow_same_person boolean NOT NULL DEFAULT false,
  updated_by text NOT NULL,
  updated_at timestamptz(3) NOT NULL DEFAULT now()
);--> statement-breakpoint
-- A change that waits, or what became of it. It keeps the rules that it was made with.
CREATE TABLE approval_requests (
  tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT ms_uuid(),
  pipeline_id uuid NOT NULL,
  -- What was live when it was asked for; null: nothing.
  base_version int,
  target_version int NOT NULL,
  -- sha256 of the target's document as jsonb writes it, so that other content under the same number is noticed.
  target_hash text NOT NULL CHECK (target_hash ~ '^[0-9a-f]{64}$'),
  state text NOT NULL DEFAULT 'open'
    CHECK (state IN ('open', 'applied', 'rejected', 'withdrawn', 'expired', 'superseded', 'stale')),
  -- The selectors that demanded it, for whoever asks why.
  selectors text[] NOT NULL,
  settings_version int NOT NULL,
  allow_same_person boolean NOT NULL,
  -- The names as the audit log has them, and the person behind each; null where that is the program itself or gone.
  requested_by text NOT NULL,
  requester_id uuid,
  -- Everybody who saved one of the versions that go live with it, oldest first: [{"name": …, "userId": … or null}].
  authors jsonb NOT NULL CHECK (jsonb_typeof(authors) = 'array' AND authors <> '[]'),
  requested_at timestamptz(3) NOT NULL DEFAULT now(),
  expires_at timestamptz(3) NOT NULL,
  closed_at timestamptz(3),
  closed_by text,
  close_reason text,
  -- Which votes counted at its end, as [stage, user_id] each: roles change afterwards, and what was decided does not.
  counted jsonb,
  PRIMARY KEY (tenant_id, id),
  CHECK ((state = 'open') = (closed_at IS NULL)),
  CHECK ((closed_at IS NULL) = (closed_by IS NULL)),
  CHECK ((closed_at IS NULL) = (counted IS NULL))
);--> statement-breakpoint
CREATE UNIQUE INDEX approval_requests_open ON approval_requests (tenant_id, pipeline_id) WHERE state = 'open';--> statement-breakpoint
CREATE INDEX approval_requests_due ON approval_requests (tenant_id, expires_at) WHERE state = 'open';--> statement-breakpoint
CREATE INDEX approval_requests_pipeline ON approval_requests (tenant_id, pipeline_id, id);--> statement-breakpoint
CREATE TABLE approval_stages (
  tenant_id uuid NOT NULL,
  request_id uuid NOT NULL,
  stage int NOT NULL CHECK (stage >= 0),
  name text NOT NULL,
  approvers int NOT NULL CHECK (approvers >= 1),
  roles text[] NOT NULL,
  PRIMARY KEY (tenant_id, request_id, stage),
  FOREIGN KEY (tenant_id, request_id) REFERENCES approval_requests (tenant_id, id) ON DELETE CASCADE
);--> statement-breakpoint
-- The people of the transaction's tenant, and whether what they say counts.
CREATE FUNCTION approval_people() RETURNS TABLE (user_id uuid, email text, role text, is_active boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT u.id, u.email, m.role, m.disabled_at IS NULL AND u.disabled_at IS NULL
  FROM public.memberships m JOIN public.users u ON u.id = m.user_id
  WHERE m.tenant_id = nullif(current_setting('mainspring.tenant_id', true), '')::uuid
$$;--> statement-breakpoint
-- One person, one vote a stage.
CREATE TABLE approval_votes (
  tenant_id uuid NOT NULL,
  request_id uuid NOT NULL,
  stage int NOT NULL,
  user_id uuid NOT NULL,
  voter text NOT NULL,
  comment text NOT NULL DEFAULT '',
  voted_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, request_id, stage, user_id),
  FOREIGN KEY (tenant_id, request_id, stage) REFERENCES approval_stages (tenant_id, request_id, stage) ON DELETE CASCADE
);
