-- Retention: what is kept for how long, what is held, what was purged; and how far the exports got.

-- One row per tenant, made when it is first needed. It is also the lock of everything here: who places a hold, changes
-- a policy or deletes a batch locks it FOR UPDATE first and reads policies and holds afterwards, in statements of
-- their own; so no batch can be deleted under a hold that was accepted.
CREATE TABLE retention_settings (
  tenant_id uuid PRIMARY KEY REFERENCES tenants,
  mode text NOT NULL DEFAULT 'per_class' CHECK (mode IN ('strictest', 'per_class')),
  updated_by text NOT NULL DEFAULT '',
  updated_at timestamptz(3) NOT NULL DEFAULT now()
) WITH (fillfactor = 50);--> statement-breakpoint

CREATE TABLE retention_policies (
  tenant_id uuid NOT NULL REFERENCES tenants,
  data_class text NOT NULL CHECK (data_class IN ('decision_traces', 'interaction_history', 'ai_attachments')),
  -- Zero: no limit of its own.
  retention_days int NOT NULL CHECK (retention_days BETWEEN 0 AND 36500),
  legal_hold boolean NOT NULL DEFAULT false,
  note text NOT NULL DEFAULT '',
  updated_by text NOT NULL DEFAULT '',
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, data_class)
);--> statement-breakpoint

-- A hold keeps a class or everything of one subject. Several may lie on the same one, for different matters: it is
-- free when the last of them is released. None is ever removed.
CREATE TABLE retention_holds (
  tenant_id uuid NOT NULL REFERENCES tenants,
  id uuid NOT NULL DEFAULT ms_uuid(),
  data_class text CHECK (data_class IN ('decision_traces', 'interaction_history', 'ai_attachments')),
  customer_id text CHECK (octet_length(customer_id) BETWEEN 1 AND 512),
  reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 2000),
  placed_by text NOT NULL,
  placed_at timestamptz(3) NOT NULL DEFAULT now(),
  release_reason text,
  released_by text,
  released_at timestamptz(3),
  PRIMARY KEY (tenant_id, id),
  CHECK (num_nonnulls(data_class, customer_id) = 1)
);--> statement-breakpoint
CREATE INDEX retention_holds_subject ON retention_holds (tenant_id, customer_id) WHERE released_at IS NULL;--> statement-breakpoint

-- A purge of one tenant: its progress while it goes on, its receipt when it has finished.
CREATE TABLE retention_purges (
  tenant_id uuid NOT NULL REFERENCES tenants,
  id uuid NOT NULL DEFAULT ms_uuid(),
  mode text NOT NULL CHECK (mode IN ('strictest', 'per_class')),
  retention_days int NOT NULL,
  -- By class: {days, cutoffAt} as the purge began with, or {heldBy} where it left the class alone.
  plan jsonb NOT NULL,
  -- By class: the id up to which its rows have been gone through.
  positions jsonb NOT NULL DEFAULT '{}',
  decision_traces bigint NOT NULL DEFAULT 0,
  interaction_history bigint NOT NULL DEFAULT 0,
  ai_attachments bigint NOT NULL DEFAULT 0,
  blobs_attempted bigint NOT NULL DEFAULT 0,
  blobs_deleted bigint NOT NULL DEFAULT 0,
  errors jsonb NOT NULL DEFAULT '[]',
  started_at timestamptz(3) NOT NULL DEFAULT now(),
  -- How often it was taken up again after its process had died or its time was over.
  resumptions int NOT NULL DEFAULT 0,
  finished_at timestamptz(3),
  previous_hash text,
  hash text,
  PRIMARY KEY (tenant_id, id),
  CHECK ((finished_at IS NULL) = (hash IS NULL))
) WITH (fillfactor = 50);--> statement-breakpoint
CREATE UNIQUE INDEX retention_purges_open ON retention_purges (tenant_id) WHERE finished_at IS NULL;--> statement-breakpoint
CREATE FUNCTION retention_keep_receipt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'purge % has its receipt: it cannot be changed', OLD.id;
END $$;--> statement-breakpoint
CREATE TRIGGER retention_keep_receipt BEFORE UPDATE ON retention_purges FOR EACH ROW
  WHEN (OLD.finished_at IS NOT NULL) EXECUTE FUNCTION retention_keep_receipt();--> statement-breakpoint

-- Blobs whose rows a purge has deleted, written in the same transaction; gone when the blob is.
CREATE TABLE retention_blobs (
  tenant_id uuid NOT NULL REFERENCES tenants,
  location text NOT NULL,
  purge_id uuid NOT NULL,
  attempts int NOT NULL DEFAULT 0,
  last_error text,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, location)
);--> statement-breakpoint

-- Whose they are, on the rows themselves: a hold on a subject must keep them also when the interaction that they
-- belong to has been purged by a shorter policy. Nullable, because a process of the release before does not write it.
ALTER TABLE decision_traces ADD COLUMN customer_id text;--> statement-breakpoint
ALTER TABLE ai_attachments ADD COLUMN customer_id text;--> statement-breakpoint
UPDATE decision_traces t SET customer_id = h.customer_id FROM interaction_history h
  WHERE h.tenant_id = t.tenant_id AND h.id = t.interaction_id;--> statement-breakpoint
UPDATE ai_attachments t SET customer_id = h.customer_id FROM interaction_history h
  WHERE h.tenant_id = t.tenant_id AND h.id = t.interaction_id;--> statement-breakpoint
-- A hold on a customer counts what it covers while the tenant's purge waits.
CREATE INDEX decision_traces_customer ON decision_traces (tenant_id, customer_id);--> statement-breakpoint
CREATE INDEX ai_attachments_customer ON ai_attachments (tenant_id, customer_id);--> statement-breakpoint
CREATE INDEX ai_attachments_location ON ai_attachments (tenant_id, location);--> statement-breakpoint

-- Age is the time of recording. It ascends with the place in the table, so a few bytes per 128 pages tell where the
-- old rows are; a b-tree would cost every insert of the hot path.
CREATE INDEX decision_traces_recorded ON decision_traces USING brin (created_at) WITH (autosummarize = on);--> statement-breakpoint
CREATE INDEX interaction_history_recorded ON interaction_history USING brin (created_at) WITH (autosummarize = on);--> statement-breakpoint
CREATE INDEX ai_attachments_recorded ON ai_attachments USING brin (created_at) WITH (autosummarize = on);--> statement-breakpoint

-- The one rule of what is deleted when, asked by the purge, by the drop of partitions and by the dry run. Per class:
-- the days of its own policy (null without one), whether it is on hold, and the days and cutoff that apply; null
-- days: nothing of it is deleted. A caller that goes on to delete asks under the lock of retention_settings.
CREATE FUNCTION retention_plan(of_tenant uuid)
RETURNS TABLE (data_class text, own_days int, is_held boolean, days int, cutoff_at timestamptz)
LANGUAGE sql STABLE AS $$
  SELECT e.name, e.own_days, e.is_held, e.days, date_trunc('milliseconds', now()) - e.days * interval '24 hours'
  FROM (
    SELECT c.name, c.own_days, c.is_held, CASE
      WHEN c.is_held THEN NULL
      WHEN (SELECT s.mode FROM public.retention_settings s WHERE s.tenant_id = of_tenant) = 'strictest'
        THEN min(c.own_days) FILTER (WHERE c.own_days > 0 AND NOT c.is_held) OVER ()
      ELSE nullif(c.own_days, 0) END AS days
    FROM (
      SELECT k.name, p.retention_days AS own_days, coalesce(p.legal_hold, false) OR EXISTS (
        SELECT FROM public.retention_holds h
        WHERE h.tenant_id = of_tenant AND h.data_class = k.name AND h.released_at IS NULL) AS is_held
      FROM (VALUES ('decision_traces'), ('interaction_history'), ('ai_attachments')) AS k (name)
      LEFT JOIN public.retention_policies p ON p.tenant_id = of_tenant AND p.data_class = k.name) c) e
$$;--> statement-breakpoint

-- Drops a month's partition when every row in it is past the cutoff of its tenant, and returns how many rows each
-- tenant lost by it; else returns nothing and leaves all as it is. It is the owner's: no serving role sees or drops
-- other tenants' rows. Held to its own rule, whatever the caller thinks: all tenants in it are locked as by a hold,
-- none has a hold that could concern it, and writers to this month (there should be none) wait. The months that
-- ms_ensure_partitions keeps are not touched. Attachments are not dropped so: each of their blobs must go too.
CREATE FUNCTION retention_drop_partition(of_class text, of_part text)
RETURNS TABLE (tenant_id uuid, deleted bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  present uuid[];
  owners uuid[];
  counts bigint[];
  is_due boolean;
BEGIN
  IF of_class NOT IN ('decision_traces', 'interaction_history') OR of_part !~ ('^' || of_class || '_[0-9]{6}$')
    OR right(of_part, 6) >= to_char((now() AT TIME ZONE 'UTC') - interval '1 month', 'YYYYMM')
    OR NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = format('public.%I', of_class)::regclass
      AND i.inhrelid = to_regclass(format('public.%I', of_part))) THEN
    RETURN;
  END IF;
  -- A drop that waits behind a reader makes every insert wait behind the drop.
  PERFORM set_config('lock_timeout', '100ms', true);
  EXECUTE format('SELECT array_agg(DISTINCT p.tenant_id) FROM public.%I p', of_part) INTO present;
  INSERT INTO public.retention_settings (tenant_id) SELECT unnest(present) ON CONFLICT DO NOTHING;
  PERFORM FROM public.retention_settings s WHERE s.tenant_id = ANY (present) ORDER BY s.tenant_id FOR UPDATE;
  EXECUTE format('LOCK TABLE public.%I IN SHARE MODE', of_part);
  EXECUTE format($q$
    SELECT array_agg(x.tenant_id), array_agg(x.deleted), bool_and(coalesce(x.tenant_id = ANY ($1) AND x.newest < p.cutoff_at, false)
      AND NOT EXISTS (SELECT FROM public.retention_holds h
        WHERE h.tenant_id = x.tenant_id AND h.customer_id IS NOT NULL AND h.released_at IS NULL))
    FROM (SELECT r.tenant_id, count(*) AS deleted, max(r.created_at) AS newest FROM public.%I r GROUP BY 1) x
    LEFT JOIN LATERAL public.retention_plan(x.tenant_id) p ON p.data_class = $2 $q$, of_part)
    INTO owners, counts, is_due USING present, of_class;
  IF NOT coalesce(is_due, true) THEN
    RETURN;
  END IF;
  EXECUTE format('DROP TABLE public.%I', of_part);
  RETURN QUERY SELECT * FROM unnest(owners, counts);
END $$;--> statement-breakpoint

-- How far a tenant's data set has been exported, in the order of commits.
CREATE TABLE export_checkpoints (
  tenant_id uuid NOT NULL REFERENCES tenants,
  data_set text NOT NULL,
  tx xid8 NOT NULL DEFAULT '0',
  last_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  exported bigint NOT NULL DEFAULT 0,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, data_set)
) WITH (fillfactor = 50);
