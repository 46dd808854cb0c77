-- Models: what a tenant has learned from its own tables, one immutable version after the other.
CREATE TABLE models (
  tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT ms_uuid(),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  kind text NOT NULL CHECK (kind IN ('naive_bayes', 'logistic')),
  source_table text NOT NULL,
  features jsonb NOT NULL,
  label text NOT NULL,
  -- The label's two values as text; the probability is that of the first.
  positive text NOT NULL,
  negative text NOT NULL CHECK (negative <> positive),
  -- Null together: trained by hand only.
  cron text CHECK (length(cron) BETWEEN 1 AND 200),
  timezone text,
  -- Null: no schedule, or the rule has no instant to come.
  next_at timestamptz(3),
  -- Null: nothing has been good enough to be scored with.
  live_version int,
  latest_version int NOT NULL DEFAULT 0,
  -- Grows with every change of the definition, for who saves on top of what they saw.
  revision int NOT NULL DEFAULT 1,
  created_by text NOT NULL,
  updated_by text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name),
  CHECK ((cron IS NULL) = (timezone IS NULL))
);--> statement-breakpoint
CREATE INDEX models_due ON models (tenant_id, next_at) WHERE next_at IS NOT NULL;--> statement-breakpoint

CREATE TABLE model_versions (
  tenant_id uuid NOT NULL,
  model_id uuid NOT NULL,
  version int NOT NULL,
  status text NOT NULL DEFAULT 'training' CHECK (status IN ('training', 'ready', 'failed')),
  -- What it was trained from and for, as the model said then.
  definition jsonb NOT NULL,
  parameters jsonb,
  metrics jsonb,
  curves jsonb,
  training_rows bigint,
  holdout_rows bigint,
  -- How rows were told apart: by which columns, with which seed.
  split jsonb,
  promoted boolean,
  -- Why it was promoted, or was not, or failed.
  reason text,
  trained_by text NOT NULL,
  started_at timestamptz(3) NOT NULL DEFAULT now(),
  trained_at timestamptz(3),
  PRIMARY KEY (tenant_id, model_id, version),
  FOREIGN KEY (tenant_id, model_id) REFERENCES models (tenant_id, id) ON DELETE CASCADE,
  CHECK ((status = 'ready') = (parameters IS NOT NULL)),
  CHECK ((status = 'training') = (trained_at IS NULL)),
  CHECK (pg_column_size(parameters) < 1000000)
);--> statement-breakpoint
CREATE UNIQUE INDEX model_versions_one_training ON model_versions (tenant_id, model_id) WHERE status = 'training';--> statement-breakpoint
ALTER TABLE models ADD CONSTRAINT models_live_version FOREIGN KEY (tenant_id, id, live_version)
  REFERENCES model_versions (tenant_id, model_id, version);--> statement-breakpoint

-- What was trained stays what it was, whoever asks.
CREATE FUNCTION model_version_is_final() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  RAISE EXCEPTION 'version % of model % is final', OLD.version, OLD.model_id USING ERRCODE = 'restrict_violation';
END $$;--> statement-breakpoint
CREATE TRIGGER model_versions_final AFTER UPDATE ON model_versions
  FOR EACH ROW WHEN (OLD.status <> 'training') EXECUTE FUNCTION model_version_is_final();--> statement-breakpoint

-- Which version was live from when, on whose word.
CREATE TABLE model_promotions (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT ms_uuid(),
  model_id uuid NOT NULL,
  version int NOT NULL,
  before_version int,
  reason text NOT NULL,
  promoted_by text NOT NULL,
  promoted_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, model_id) REFERENCES models (tenant_id, id) ON DELETE CASCADE
);--> statement-breakpoint
CREATE INDEX model_promotions_of ON model_promotions (tenant_id, model_id, id);
