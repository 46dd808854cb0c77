-- Where the audit log is shipped to, and how far it got.

-- A destination is a backend with its address and index. (tx, audit_id) is the last audit row that is settled there:
-- accepted or set aside. In commit order, so that a row that commits late is shipped late and never left out.
CREATE TABLE siem_destinations (
  id text PRIMARY KEY,
  backend text NOT NULL,
  endpoint text NOT NULL,
  tx xid8 NOT NULL DEFAULT '0',
  audit_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  shipped bigint NOT NULL DEFAULT 0,
  last_shipped_at timestamptz(3),
  last_error text,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now()
);--> statement-breakpoint

-- Audit rows that a destination will never take, with its reason. The row itself stays in the audit log.
CREATE TABLE siem_quarantine (
  tenant_id uuid NOT NULL,
  destination text NOT NULL,
  audit_id uuid NOT NULL,
  status int NOT NULL,
  reason text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, destination, audit_id)
);
