-- Connections with encrypted secrets, limits per tenant, emergency stops, and log levels.

-- Data keys, each wrapped by the installation's ENCRYPTION_KEY (server/connections/keyring.ts). A key that a row still
-- needs cannot be removed.
CREATE TABLE encryption_keys (
  id text PRIMARY KEY,
  wrapped bytea NOT NULL,
  -- Which ENCRYPTION_KEY wraps it: a digest, not the key.
  wrapped_by text NOT NULL,
  is_active boolean NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  retired_at timestamptz(3)
);--> statement-breakpoint
CREATE UNIQUE INDEX encryption_keys_active ON encryption_keys (is_active) WHERE is_active;--> statement-breakpoint

CREATE TABLE connections (
  tenant_id uuid NOT NULL REFERENCES tenants,
  id uuid NOT NULL DEFAULT ms_uuid(),
  name text NOT NULL,
  kind text NOT NULL CONSTRAINT connections_kind_check CHECK (kind IN ('webhook', 's3', 'kafka', 'git', 'siem', 'smtp')),
  description text NOT NULL DEFAULT '',
  config jsonb NOT NULL,
  -- Names of the secret fields that are set; their values are in the cipher text only.
  secret_names text[] NOT NULL DEFAULT '{}',
  -- Nonce, cipher text and tag of one JSON object; tenant, row and key are its associated data.
  secrets bytea,
  key_id text REFERENCES encryption_keys,
  created_by text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_by text NOT NULL,
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  tested_at timestamptz(3),
  test_ok boolean,
  test_message text,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name),
  CHECK ((secrets IS NULL) = (key_id IS NULL))
);--> statement-breakpoint
CREATE INDEX connections_key ON connections (key_id) WHERE key_id IS NOT NULL;--> statement-breakpoint

-- Null: the installation's default (server/limits/config.ts), for runs at once the tenant's own column.
CREATE TABLE tenant_limits (
  tenant_id uuid PRIMARY KEY REFERENCES tenants,
  requests_per_second int CHECK (requests_per_second > 0),
  max_pipelines int CHECK (max_pipelines >= 0),
  max_schedules int CHECK (max_schedules >= 0),
  max_queued_runs int CHECK (max_queued_runs >= 0),
  max_concurrent_runs int CHECK (max_concurrent_runs > 0),
  updated_by text NOT NULL,
  updated_at timestamptz(3) NOT NULL DEFAULT now()
);--> statement-breakpoint

-- An open row (resumed_at null) means: stopped.
CREATE TABLE tenant_stops (
  tenant_id uuid NOT NULL REFERENCES tenants,
  id uuid NOT NULL DEFAULT ms_uuid(),
  reason text NOT NULL,
  running text NOT NULL CONSTRAINT tenant_stops_running_check CHECK (running IN ('leave', 'cancel')),
  holds_publishing boolean NOT NULL,
  stopped_by text NOT NULL,
  stopped_at timestamptz(3) NOT NULL DEFAULT now(),
  resumed_by text,
  resumed_at timestamptz(3),
  PRIMARY KEY (tenant_id, id)
);--> statement-breakpoint
CREATE UNIQUE INDEX tenant_stops_open ON tenant_stops (tenant_id) WHERE resumed_at IS NULL;--> statement-breakpoint
CREATE TABLE instance_stops (
  id uuid PRIMARY KEY DEFAULT ms_uuid(),
  reason text NOT NULL,
  running text NOT NULL CONSTRAINT instance_stops_running_check CHECK (running IN ('leave', 'cancel')),
  holds_publishing boolean NOT NULL,
  stopped_by text NOT NULL,
  stopped_at timestamptz(3) NOT NULL DEFAULT now(),
  resumed_by text,
  resumed_at timestamptz(3)
);--> statement-breakpoint
CREATE UNIQUE INDEX instance_stops_open ON instance_stops ((true)) WHERE resumed_at IS NULL;--> statement-breakpoint

-- The claim reads tenants through here: a stopped one's runs wait as a suspended one's do.
CREATE OR REPLACE FUNCTION queue_tenants()
RETURNS TABLE (tenant_id uuid, max_concurrent_runs int, is_active boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT t.id, coalesce(l.max_concurrent_runs, t.max_concurrent_runs),
    t.status = 'active' AND s.tenant_id IS NULL AND NOT EXISTS (SELECT FROM public.instance_stops i WHERE i.resumed_at IS NULL)
  FROM public.tenants t
  LEFT JOIN public.tenant_limits l ON l.tenant_id = t.id
  LEFT JOIN public.tenant_stops s ON s.tenant_id = t.id AND s.resumed_at IS NULL
$$;--> statement-breakpoint

-- Log levels that differ from a process's own, until an instant. Scope: 'all', a tier, or a process's id.
CREATE TABLE log_levels (
  scope text PRIMARY KEY,
  level text NOT NULL CONSTRAINT log_levels_level_check CHECK (level IN ('trace', 'debug', 'info', 'warn', 'error')),
  until timestamptz(3) NOT NULL,
  set_by text NOT NULL,
  set_at timestamptz(3) NOT NULL DEFAULT now()
);
