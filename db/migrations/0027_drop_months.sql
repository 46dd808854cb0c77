-- A month that goes as a whole is detached first, and dropped after that. Detaching is a change of the catalogue alone:
-- its commit need not wait for the disk, where the commit of a drop must; so whoever inserts beside it waits for
-- milliseconds, not for the disk. A detached month is found by nobody. Should its process die before the drop, this
-- table says that it is to be dropped; nobody but the owner reads or writes it.
CREATE TABLE detached_months (
  part text PRIMARY KEY,
  of_table text NOT NULL,
  -- The transaction that judged it, and holds the locks under which that stays true.
  judged_by xid8 NOT NULL,
  is_detached boolean NOT NULL DEFAULT false
);--> statement-breakpoint

-- Whether every row of a month is past the cutoff of its tenant: an array of {tenantId, deleted}, what each tenant would
-- lose by it; null where the month has to stay. It is the owner's: no serving role sees other tenants' rows. From here to
-- the end of the transaction nobody writes to the month and nobody changes a policy of these tenants or places a hold.
-- The long look over all rows is taken before the tenants are locked, so that a hold waits for what comes after it only;
-- and before any lock one at the index, whether somebody's rows could not be due: most months of most days end there.
-- The months that ms_ensure_partitions keeps are not touched. Attachments do not go so: each of their blobs must go too.
CREATE FUNCTION retention_judge_month(judged_table text, judged_part text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  by_class text := CASE judged_table WHEN 'interaction_outcomes' THEN 'interaction_history' ELSE judged_table END;
  is_due boolean;
  owners uuid[];
  counts bigint[];
  newest timestamptz[];
BEGIN
  IF judged_table NOT IN ('decision_traces', 'interaction_history', 'interaction_outcomes')
    OR judged_part !~ ('^' || judged_table || '_[0-9]{6}$')
    OR right(judged_part, 6) >= to_char((now() AT TIME ZONE 'UTC') - interval '1 month', 'YYYYMM')
    OR NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = format('public.%I', judged_table)::regclass
      AND i.inhrelid = to_regclass(format('public.%I', judged_part))) THEN
    RETURN NULL;
  END IF;
  EXECUTE format($q$
    WITH RECURSIVE present (id) AS (
      (SELECT r.tenant_id FROM public.%1$I r ORDER BY r.tenant_id LIMIT 1)
      UNION ALL
      SELECT (SELECT r.tenant_id FROM public.%1$I r WHERE r.tenant_id > t.id ORDER BY r.tenant_id LIMIT 1)
      FROM present t WHERE t.id IS NOT NULL)
    SELECT NOT EXISTS (SELECT FROM present t
      LEFT JOIN LATERAL public.retention_plan(t.id) p ON p.data_class = $1
      WHERE t.id IS NOT NULL AND (p.cutoff_at IS NULL
        OR EXISTS (SELECT FROM public.%1$I r WHERE r.tenant_id = t.id AND r.id >= public.ms_uuid_at(p.cutoff_at)))) $q$,
    judged_part) INTO is_due USING by_class;
  IF NOT is_due THEN
    RETURN NULL;
  END IF;
  PERFORM set_config('lock_timeout', '100ms', true);
  EXECUTE format('LOCK TABLE public.%I IN SHARE MODE', judged_part);
  EXECUTE format($q$
    SELECT array_agg(x.tenant_id ORDER BY x.tenant_id), array_agg(x.deleted ORDER BY x.tenant_id),
      array_agg(x.newest ORDER BY x.tenant_id)
    FROM (SELECT r.tenant_id, count(*) AS deleted, max(r.created_at) AS newest FROM public.%I r GROUP BY 1) x $q$,
    judged_part) INTO owners, counts, newest;
  INSERT INTO public.retention_settings (tenant_id) SELECT unnest(owners) ON CONFLICT DO NOTHING;
  PERFORM FROM public.retention_settings s WHERE s.tenant_id = ANY (owners) ORDER BY s.tenant_id FOR UPDATE;
  SELECT bool_and(coalesce(x.newest_at < p.cutoff_at, false) AND NOT EXISTS (SELECT FROM public.retention_holds h
      WHERE h.tenant_id = x.tenant_id AND h.customer_id IS NOT NULL AND h.released_at IS NULL))
    FROM unnest(owners, newest) x (tenant_id, newest_at)
    LEFT JOIN LATERAL public.retention_plan(x.tenant_id) p ON p.data_class = by_class INTO is_due;
  IF NOT coalesce(is_due, true) THEN
    RETURN NULL;
  END IF;
  INSERT INTO public.detached_months (part, of_table, judged_by) VALUES (judged_part, judged_table, pg_current_xact_id())
    ON CONFLICT (part) DO UPDATE SET of_table = excluded.of_table, judged_by = excluded.judged_by, is_detached = false;
  RETURN coalesce((SELECT jsonb_agg(jsonb_build_object('tenantId', x.id, 'deleted', x.deleted))
    FROM unnest(owners, counts) x (id, deleted)), '[]');
END $$;--> statement-breakpoint

-- Takes a month that this transaction has judged out of its table. False: somebody works with the month or the table, and
-- all is as before; try again, or undo the transaction. Every insert waits behind a lock on the table that is waited for:
-- so the month and the default partition are locked before it, and no wait is longer than 20 ms. Commit at once.
CREATE FUNCTION retention_detach_month(judged_part text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  parent text;
  rest regclass;
BEGIN
  UPDATE public.detached_months m SET is_detached = true
    WHERE m.part = judged_part AND m.judged_by = pg_current_xact_id() RETURNING m.of_table INTO parent;
  IF parent IS NULL THEN
    RAISE EXCEPTION 'partition % was not found to be due by this transaction', judged_part;
  END IF;
  SELECT nullif(p.partdefid, 0) INTO rest FROM pg_partitioned_table p WHERE p.partrelid = format('public.%I', parent)::regclass;
  PERFORM set_config('lock_timeout', '20ms', true);
  BEGIN
    EXECUTE format('LOCK TABLE public.%I IN ACCESS EXCLUSIVE MODE', judged_part);
    IF rest IS NOT NULL THEN
      EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', rest);
    END IF;
    EXECUTE format('LOCK TABLE ONLY public.%I IN ACCESS EXCLUSIVE MODE', parent);
    EXECUTE format('ALTER TABLE public.%I DETACH PARTITION public.%I', parent, judged_part);
  EXCEPTION WHEN lock_not_available THEN
    RETURN false;
  END;
  RETURN true;
END $$;--> statement-breakpoint

-- Drops the months that were detached, also those that somebody else detached and did not get to drop. Returns how many.
CREATE FUNCTION drop_detached_months() RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  one public.detached_months;
  dropped int := 0;
BEGIN
  PERFORM set_config('lock_timeout', '5s', true);
  FOR one IN SELECT * FROM public.detached_months ORDER BY part FOR UPDATE LOOP
    -- One that is attached was judged and then left as it was.
    IF one.is_detached AND NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = to_regclass(format('public.%I', one.part))) THEN
      EXECUTE format('DROP TABLE IF EXISTS public.%I', one.part);
      dropped := dropped + 1;
    END IF;
    DELETE FROM public.detached_months m WHERE m.part = one.part;
  END LOOP;
  RETURN dropped;
END $$;--> statement-breakpoint

DROP FUNCTION retention_drop_partition(text, text);--> statement-breakpoint

-- Within how many days a request of a person for their data is to be answered, when it names no date itself.
ALTER TABLE retention_settings ADD COLUMN request_due_days int NOT NULL DEFAULT 30 CHECK (request_due_days BETWEEN 1 AND 45);
