-- What an export is about to write: everything after (tx, last_id) up to and including this place. Stored, by the holder
-- of the job's lease alone, before any file is written; so whoever writes the batch's files, also one who was paused and
-- overtaken, writes the same rows into them. Null: nothing is under way.
ALTER TABLE export_checkpoints ADD COLUMN planned_tx xid8;--> statement-breakpoint
ALTER TABLE export_checkpoints ADD COLUMN planned_id uuid;--> statement-breakpoint

-- What an operator has decided of a row that the destination refused. Requeued: the next run sends it alone once more;
-- it goes when it is taken and is open again when it is not. Discarded: it stays refused, and somebody has said so.
ALTER TABLE siem_quarantine ADD COLUMN state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'requeued', 'discarded'));--> statement-breakpoint
ALTER TABLE siem_quarantine ADD COLUMN decided_by text;--> statement-breakpoint
ALTER TABLE siem_quarantine ADD COLUMN decided_at timestamptz(3);--> statement-breakpoint
CREATE INDEX siem_quarantine_requeued ON siem_quarantine (destination, audit_id) WHERE state = 'requeued';--> statement-breakpoint

-- Outcomes belong to the class of the interactions that they are the outcomes of. Age is the time of recording.
CREATE INDEX interaction_outcomes_recorded ON interaction_outcomes USING brin (created_at) WITH (autosummarize = on);--> statement-breakpoint
CREATE INDEX interaction_outcomes_customer ON interaction_outcomes (tenant_id, customer_id);--> statement-breakpoint

-- As in 0009, with two changes. A class may have several tables: `of_class` is the table, and outcomes go by the class of
-- interactions. And it ends before it takes any lock where a tenant with rows in the month has no cutoff for the class:
-- nobody's policy has decided over those rows, so the month cannot go. Under the locks it is asked again.
CREATE OR REPLACE FUNCTION retention_drop_partition(of_class text, of_part text)
RETURNS TABLE (tenant_id uuid, deleted bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  by_class text := CASE of_class WHEN 'interaction_outcomes' THEN 'interaction_history' ELSE of_class END;
  present uuid[];
  owners uuid[];
  counts bigint[];
  is_due boolean;
BEGIN
  IF of_class NOT IN ('decision_traces', 'interaction_history', 'interaction_outcomes')
    OR of_part !~ ('^' || of_class || '_[0-9]{6}$')
    OR right(of_part, 6) >= to_char((now() AT TIME ZONE 'UTC') - interval '1 month', 'YYYYMM')
    OR NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = format('public.%I', of_class)::regclass
      AND i.inhrelid = to_regclass(format('public.%I', of_part))) THEN
    RETURN;
  END IF;
  -- A drop that waits behind a reader makes every insert wait behind the drop.
  PERFORM set_config('lock_timeout', '100ms', true);
  EXECUTE format('SELECT array_agg(DISTINCT p.tenant_id) FROM public.%I p', of_part) INTO present;
  IF EXISTS (SELECT FROM unnest(present) t (id)
      LEFT JOIN LATERAL public.retention_plan(t.id) p ON p.data_class = by_class WHERE p.cutoff_at IS NULL) THEN
    RETURN;
  END IF;
  INSERT INTO public.retention_settings (tenant_id) SELECT unnest(present) ON CONFLICT DO NOTHING;
  PERFORM FROM public.retention_settings s WHERE s.tenant_id = ANY (present) ORDER BY s.tenant_id FOR UPDATE;
  EXECUTE format('LOCK TABLE public.%I IN SHARE MODE', of_part);
  EXECUTE format($q$
    SELECT array_agg(x.tenant_id), array_agg(x.deleted), bool_and(coalesce(x.tenant_id = ANY ($1) AND x.newest < p.cutoff_at, false)
      AND NOT EXISTS (SELECT FROM public.retention_holds h
        WHERE h.tenant_id = x.tenant_id AND h.customer_id IS NOT NULL AND h.released_at IS NULL))
    FROM (SELECT r.tenant_id, count(*) AS deleted, max(r.created_at) AS newest FROM public.%I r GROUP BY 1) x
    LEFT JOIN LATERAL public.retention_plan(x.tenant_id) p ON p.data_class = $2 $q$, of_part)
    INTO owners, counts, is_due USING present, by_class;
  IF NOT coalesce(is_due, true) THEN
    RETURN;
  END IF;
  EXECUTE format('DROP TABLE public.%I', of_part);
  RETURN QUERY SELECT * FROM unnest(owners, counts);
END $$;
