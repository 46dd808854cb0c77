-- What a claim and a takeover go over although there is nothing for them.

-- Between which places the last claim of the lane lies, which it says with the lease, in its own transaction: what its owner claimed before is
-- marked or given back by then. Whoever takes the lane over has nothing to give back anywhere else, however much lies above its low-water.
ALTER TABLE outbox_lanes ADD COLUMN claimed_from bigint NOT NULL DEFAULT 0, ADD COLUMN claimed_to bigint NOT NULL DEFAULT 0;--> statement-breakpoint
-- Whoever owns the table by now need not be who its policies are for. They are made anew after the migrations.
ALTER TABLE outbox_events NO FORCE ROW LEVEL SECURITY;--> statement-breakpoint
UPDATE outbox_lanes l SET claimed_from = c.claimed_from, claimed_to = c.claimed_to
FROM (SELECT lane, min(seq) - 1 AS claimed_from, max(seq) AS claimed_to FROM outbox_events WHERE status = 'processing' GROUP BY lane) c
WHERE c.lane = l.lane;--> statement-breakpoint

-- A publisher's turn of a lane: renews the lease, and marks what the claim before has sent. The statement that calls it takes the next events
-- and is a transaction by itself, sent in one piece: a publisher that is killed once it has sent it has marked. So what must not be
-- committed fails here, not in whoever reads the answer.
DROP FUNCTION outbox_renew_lane(smallint, bigint, uuid, float8);--> statement-breakpoint
DROP FUNCTION outbox_mark_published(smallint, bigint, bigint[], uuid[], bigint[]);--> statement-breakpoint

-- Renews a lane's lease, locks its row for the rest of the transaction, and says where that claims, if it does. MS001: the lane is
-- another's by now, or was after a crash of the server.
CREATE FUNCTION outbox_renew_lane(
  renewed_lane smallint, held_token bigint, held_id uuid, lease_seconds float8, claims_from bigint, claims_to bigint,
  OUT xid text, OUT oldest text
) LANGUAGE plpgsql AS $$
BEGIN
  UPDATE outbox_lanes l
  SET lease_until = clock_timestamp() + make_interval(secs => lease_seconds),
    claimed_from = coalesce(claims_from, l.claimed_from), claimed_to = coalesce(claims_to, l.claimed_to)
  WHERE l.lane = renewed_lane AND l.token = held_token
    AND EXISTS (SELECT FROM outbox_lane_owners o WHERE o.lane = l.lane AND o.hold_id = held_id);
  IF NOT FOUND THEN
    RAISE EXCEPTION 'lane % was taken over by another publisher', renewed_lane USING ERRCODE = 'MS001';
  END IF;
  xid := pg_current_xact_id()::text;
  oldest := pg_snapshot_xmin(pg_current_snapshot())::text;
END $$;--> statement-breakpoint

-- Marks all of a claim as published and counts it for the tenants that it is of; returns the database's time in milliseconds.
-- Of a lane's rows only those of its one claim are in processing under its token, so that the first and the last place tell them:
-- one walk of the index instead of a look-up for each. That holds for the lane's owner alone: a standby that lacks a takeover gives its
-- token out again. MS002: the lane is another's, or there are not as many as were sent, so one is no longer the claim's.
CREATE FUNCTION outbox_mark_published(
  marked_lane smallint, held_token bigint, held_id uuid, first_place bigint, last_place bigint, tenants uuid[], counts bigint[]
) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
  marked bigint;
  marked_at timestamptz(3) := clock_timestamp();
  sent bigint := (SELECT sum(c) FROM unnest(counts) c);
BEGIN
  UPDATE outbox_events SET status = 'published', published_at = marked_at, updated_at = marked_at
  WHERE lane = marked_lane AND claim_token = held_token AND status = 'processing' AND seq BETWEEN first_place AND last_place
    AND EXISTS (SELECT FROM outbox_lane_owners o WHERE o.lane = marked_lane AND o.hold_id = held_id);
  GET DIAGNOSTICS marked = ROW_COUNT;
  IF marked IS DISTINCT FROM sent THEN
    RAISE EXCEPTION 'of % events % are the claim''s', sent, marked USING ERRCODE = 'MS002';
  END IF;
  -- Rows that only this lane's owner writes.
  INSERT INTO outbox_counters AS c (tenant_id, lane, published)
  SELECT t.tenant_id, marked_lane, t.published FROM unnest(tenants, counts) t(tenant_id, published) ORDER BY t.tenant_id
  ON CONFLICT (tenant_id, lane) DO UPDATE SET published = c.published + excluded.published;
  RETURN date_part('epoch', clock_timestamp()) * 1000;
END $$;--> statement-breakpoint

-- What a turn sets for its transaction. Its commit does not wait for the disk; what these functions do is planned once, for any
-- values; and where PostgreSQL can see to that (17 and later), it ends within ten seconds, once it has its locks on the tables.
CREATE FUNCTION outbox_begin_turn(lock_timeout_ms int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true), set_config('plan_cache_mode', 'force_generic_plan', true),
    set_config('lock_timeout', lock_timeout_ms::text, true);
  IF current_setting('transaction_timeout', true) IS NOT NULL THEN
    PERFORM set_config('transaction_timeout', '10s', true);
  END IF;
END $$;--> statement-breakpoint

-- `tenants` is null where nothing is to be marked.
CREATE FUNCTION outbox_turn(
  turned_lane smallint, held_token bigint, held_id uuid, lease_seconds float8, claims_from bigint, claims_to bigint,
  lock_timeout_ms int, first_place bigint, last_place bigint, tenants uuid[], counts bigint[], OUT xid text, OUT now_ms float8
) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM outbox_begin_turn(lock_timeout_ms);
  SELECT r.xid INTO xid FROM outbox_renew_lane(turned_lane, held_token, held_id, lease_seconds, claims_from, claims_to) r;
  IF tenants IS NOT NULL THEN
    now_ms := outbox_mark_published(turned_lane, held_token, held_id, first_place, last_place, tenants, counts);
  END IF;
END $$;--> statement-breakpoint

-- As before, but of the outbox only two months ahead and none back: an event's id is of the time when it is stored, and every
-- claim, mark and look opens every partition. The default one is the net where the months are not made in time.
CREATE OR REPLACE FUNCTION ms_ensure_partitions(months_back int, months_ahead int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  parent text;
  month timestamptz;
  part text;
  storage text;
  made int := 0;
BEGIN
  FOREACH parent IN ARRAY ARRAY['audit_log', 'runs', 'run_attempts', 'run_nodes', 'dlq_entries', 'outbox_events',
    'interaction_history', 'interaction_outcomes', 'decision_traces', 'ai_attachments'] LOOP
    storage := CASE parent WHEN 'outbox_events' THEN ' WITH (fillfactor = 44)' ELSE '' END;
    IF to_regclass(format('%I.%I', 'public', parent || '_default')) IS NULL THEN
      EXECUTE format('CREATE TABLE public.%I PARTITION OF public.%I DEFAULT', parent || '_default', parent) || storage;
      made := made + 1;
    END IF;
    FOR i IN -months_back..months_ahead LOOP
      CONTINUE WHEN parent = 'outbox_events' AND i NOT BETWEEN 0 AND 2;
      month := (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => i)) AT TIME ZONE 'UTC';
      part := parent || '_' || to_char(month AT TIME ZONE 'UTC', 'YYYYMM');
      IF to_regclass(format('%I.%I', 'public', part)) IS NULL THEN
        BEGIN
          EXECUTE format('CREATE TABLE public.%I PARTITION OF public.%I FOR VALUES FROM (%L) TO (%L)', part, parent,
            ms_uuid_at(month), ms_uuid_at(((month AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC')) || storage;
        EXCEPTION WHEN check_violation THEN
          -- The default partition has rows of this month already: they stay there, and so will the rest of it.
          RAISE WARNING 'rows of % are in %_default: the month keeps no partition of its own', part, parent;
          CONTINUE;
        END;
        made := made + 1;
      END IF;
    END LOOP;
  END LOOP;
  RETURN made;
END $$;--> statement-breakpoint
-- Those that were made before and have no row go.
DO $$
DECLARE
  this_month timestamp := date_trunc('month', now() AT TIME ZONE 'UTC');
  part regclass;
  is_empty boolean;
BEGIN
  LOCK TABLE outbox_events IN ACCESS EXCLUSIVE MODE;
  FOR part IN
    SELECT c.oid FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'outbox_events'::regclass AND c.relname ~ '^outbox_events_[0-9]{6}$'
      AND right(c.relname, 6) NOT BETWEEN to_char(this_month, 'YYYYMM') AND to_char(this_month + interval '2 months', 'YYYYMM')
  LOOP
    EXECUTE format('SELECT NOT EXISTS (SELECT FROM %s)', part) INTO is_empty;
    IF is_empty THEN EXECUTE format('DROP TABLE %s', part); END IF;
  END LOOP;
END $$;
