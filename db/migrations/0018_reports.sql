-- Reports: when a tenant wants which one, and those that were made.
CREATE TABLE report_schedules (
  tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT ms_uuid(),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  template text NOT NULL CHECK (template IN ('fleet_summary', 'sla', 'retention_receipt')),
  cron text NOT NULL CHECK (length(cron) BETWEEN 1 AND 200),
  timezone text NOT NULL,
  channels jsonb NOT NULL,
  enabled boolean NOT NULL DEFAULT true,
  -- Null: the rule has no instant to come.
  next_at timestamptz(3),
  -- Where the next report begins: the end of the last one, so that no moment is in none or in two.
  covered_to timestamptz(3) NOT NULL,
  last_error text,
  created_by text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name)
);--> statement-breakpoint
CREATE INDEX report_schedules_due ON report_schedules (tenant_id, next_at) WHERE enabled;--> statement-breakpoint

-- A report as it was sent. Outlives its schedule.
CREATE TABLE reports (
  tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT ms_uuid(),
  schedule_id uuid NOT NULL,
  schedule_name text NOT NULL,
  template text NOT NULL,
  period_from timestamptz(3) NOT NULL,
  period_to timestamptz(3) NOT NULL,
  timezone text NOT NULL,
  -- The instant of the schedule it was made for; null: somebody asked for it.
  due_at timestamptz(3),
  title text NOT NULL,
  figures jsonb NOT NULL,
  html text NOT NULL,
  csv text NOT NULL,
  made_by text NOT NULL,
  made_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, schedule_id, due_at)
);--> statement-breakpoint

-- A delivery carries what an alert rule said, or a report.
ALTER TABLE alert_deliveries ALTER COLUMN event_id DROP NOT NULL;--> statement-breakpoint
ALTER TABLE alert_deliveries ADD COLUMN report_id uuid;--> statement-breakpoint
ALTER TABLE alert_deliveries ADD CONSTRAINT alert_deliveries_report FOREIGN KEY (tenant_id, report_id)
  REFERENCES reports (tenant_id, id) ON DELETE CASCADE;--> statement-breakpoint
ALTER TABLE alert_deliveries ADD CONSTRAINT alert_deliveries_carries_one CHECK (num_nonnulls(event_id, report_id) = 1);--> statement-breakpoint
CREATE INDEX alert_deliveries_report ON alert_deliveries (tenant_id, report_id);
