-- How engaged each customer is, recomputed as a whole by a daily job: a row is a result, never a source.
CREATE TABLE engagement_scores (
  tenant_id uuid NOT NULL,
  customer_id text NOT NULL,
  score double precision NOT NULL CHECK (score BETWEEN 0 AND 100),
  band text NOT NULL CHECK (band IN ('hot', 'warm', 'cold')),
  last_interaction_at timestamptz(3) NOT NULL,
  interactions_90_days bigint NOT NULL,
  outcomes bigint NOT NULL,
  positive_outcomes bigint NOT NULL,
  computed_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, customer_id),
  FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);--> statement-breakpoint
CREATE INDEX engagement_scores_order ON engagement_scores (tenant_id, score DESC, customer_id);--> statement-breakpoint
-- Which outcomes a tenant counts as positive, and when its scores were last computed.
CREATE TABLE engagement_settings (
  tenant_id uuid PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
  positive_outcomes text[],
  computed_at timestamptz(3),
  customers bigint,
  duration_ms double precision
);
