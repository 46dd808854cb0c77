-- The audit log's chain, its before and after, and where refused sign-ins are told.

-- What changed, without secrets and bounded; null where nothing is to be shown or it is too large to keep.
ALTER TABLE audit_log ADD COLUMN before jsonb;--> statement-breakpoint
ALTER TABLE audit_log ADD COLUMN after jsonb;--> statement-breakpoint
-- The page's filters: newest first within one actor or one target.
CREATE INDEX audit_log_actor ON audit_log (tenant_id, actor_id, id);--> statement-breakpoint
CREATE INDEX audit_log_target ON audit_log (tenant_id, target_id, id);--> statement-breakpoint

-- One row per audit row, written afterwards by the sealer alone: chaining inside the business transaction would
-- serialise it. hash = SHA-256 over the hash before it, the place and the whole audit row (server/audit/seal-hash.ts).
CREATE TABLE audit_seals (
  tenant_id uuid NOT NULL,
  seq bigint NOT NULL CHECK (seq > 0),
  audit_id uuid NOT NULL,
  hash bytea NOT NULL CHECK (octet_length(hash) = 32),
  sealed_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, seq),
  UNIQUE (tenant_id, audit_id)
);--> statement-breakpoint

-- Every audit row at or before (tx, audit_id) is sealed, and none can appear there any more.
CREATE TABLE audit_seal_position (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  tx xid8 NOT NULL,
  audit_id uuid NOT NULL
);--> statement-breakpoint
INSERT INTO audit_seal_position (tx, audit_id) VALUES ('0', '00000000-0000-0000-0000-000000000000');--> statement-breakpoint

-- What the last check of a tenant's chain found. first_bad_seq null: it is whole.
CREATE TABLE audit_checks (
  tenant_id uuid PRIMARY KEY,
  checked_at timestamptz(3) NOT NULL DEFAULT now(),
  head_seq bigint NOT NULL,
  first_bad_seq bigint,
  problem text
);--> statement-breakpoint

-- Whose log tells of a refused sign-in: the active tenants of the person, none for a stranger.
CREATE FUNCTION auth_login_tenants(login_email text) RETURNS TABLE (tenant_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT m.tenant_id FROM public.users u JOIN public.memberships m ON m.user_id = u.id
    JOIN public.tenants t ON t.id = m.tenant_id AND t.status = 'active'
    WHERE u.email = lower(login_email) ORDER BY m.tenant_id LIMIT 20
$$;
