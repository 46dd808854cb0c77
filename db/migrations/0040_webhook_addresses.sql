-- Where a webhook of an alert rule or a report goes: whoever knows the address can write there. Sealed as the secrets of
-- connections are; a channel (alert_rules.channels, report_schedules.channels, alert_deliveries.channel) names it by its
-- id and shows its origin. What an earlier release left in the clear is sealed by the web process, which has the key.
CREATE TABLE webhook_addresses (
  tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT ms_uuid(),
  -- Nonce, cipher text and tag of one JSON object; tenant, row and key are its associated data.
  secrets bytea,
  key_id text REFERENCES encryption_keys,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  CHECK ((secrets IS NULL) = (key_id IS NULL))
);--> statement-breakpoint
CREATE INDEX webhook_addresses_key ON webhook_addresses (key_id) WHERE key_id IS NOT NULL;
