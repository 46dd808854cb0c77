-- Alert rules of a tenant, what they said, and who is still to be told.
CREATE TABLE alert_rules (
  tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT ms_uuid(),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  metric text NOT NULL,
  operator text NOT NULL CHECK (operator IN ('>', '>=', '<', '<=')),
  threshold double precision NOT NULL,
  window_minutes int NOT NULL CHECK (window_minutes BETWEEN 1 AND 10080),
  cooldown_minutes int NOT NULL CHECK (cooldown_minutes BETWEEN 0 AND 10080),
  channels jsonb NOT NULL,
  enabled boolean NOT NULL DEFAULT true,
  -- What the last evaluation found. `pending`: over the threshold, but not yet for the whole window.
  state text NOT NULL DEFAULT 'ok' CHECK (state IN ('ok', 'pending', 'firing')),
  state_since timestamptz(3) NOT NULL DEFAULT now(),
  -- Whether anybody was told of the present firing, and when anybody was last told of one.
  is_told boolean NOT NULL DEFAULT false,
  told_at timestamptz(3),
  last_value double precision,
  evaluated_at timestamptz(3),
  last_error text,
  created_by text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name)
);--> statement-breakpoint

-- Each time a rule began to fire or was resolved. Outlives its rule.
CREATE TABLE alert_events (
  tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT ms_uuid(),
  rule_id uuid NOT NULL,
  rule_name text NOT NULL,
  metric text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('firing', 'resolved', 'test')),
  value double precision,
  operator text NOT NULL,
  threshold double precision NOT NULL,
  -- Why nobody was told; null: they were.
  silenced_by text CHECK (silenced_by IN ('cooldown')),
  at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id)
);--> statement-breakpoint
CREATE INDEX alert_events_rule ON alert_events (tenant_id, rule_id, id DESC);--> statement-breakpoint

-- One notification to one channel, written with its event and sent afterwards: at least once.
CREATE TABLE alert_deliveries (
  tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT ms_uuid(),
  event_id uuid NOT NULL,
  channel jsonb NOT NULL,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'sent', 'failed')),
  attempts int NOT NULL DEFAULT 0,
  -- While somebody is sending it this lies ahead: nobody else takes it, and a dead sender's is taken after it.
  next_attempt_at timestamptz(3) NOT NULL DEFAULT now(),
  last_error text,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  sent_at timestamptz(3),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, event_id) REFERENCES alert_events (tenant_id, id) ON DELETE CASCADE
);--> statement-breakpoint
CREATE INDEX alert_deliveries_due ON alert_deliveries (tenant_id, next_attempt_at) WHERE status = 'pending';--> statement-breakpoint
CREATE INDEX alert_deliveries_event ON alert_deliveries (tenant_id, event_id);
--> statement-breakpoint

-- When the workers' loop is due again: whoever moves it on evaluates, by the database's clock.
CREATE TABLE alert_loop (
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  next_at timestamptz(3) NOT NULL DEFAULT now()
);--> statement-breakpoint
INSERT INTO alert_loop DEFAULT VALUES;
