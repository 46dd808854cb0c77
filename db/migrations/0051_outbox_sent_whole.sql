-- A mark and the claim after it are sent together with their COMMIT, and nobody waits for an answer in between: a publisher that
-- is killed once it has sent them has marked. So what must not be committed fails here, not in whoever reads the answers.

-- Renews a lane's lease, and locks its row for the rest of the transaction. MS001: the lane is another's by now, or was
-- after a crash of the server.
CREATE FUNCTION outbox_renew_lane(
  renewed_lane smallint, held_token bigint, held_id uuid, lease_seconds float8, OUT xid text, OUT oldest text
) LANGUAGE plpgsql AS $$
BEGIN
  UPDATE outbox_lanes l SET lease_until = clock_timestamp() + make_interval(secs => lease_seconds)
  WHERE l.lane = renewed_lane AND l.token = held_token
    AND EXISTS (SELECT FROM outbox_lane_owners o WHERE o.lane = l.lane AND o.hold_id = held_id);
  IF NOT FOUND THEN
    RAISE EXCEPTION 'lane % was taken over by another publisher', renewed_lane USING ERRCODE = 'MS001';
  END IF;
  xid := pg_current_xact_id()::text;
  oldest := pg_snapshot_xmin(pg_current_snapshot())::text;
END $$;--> statement-breakpoint

-- Marks all of a claim as published and counts it for the tenants that it is of; returns the database's time in milliseconds.
-- MS002: a row is no longer the claim's.
CREATE FUNCTION outbox_mark_published(
  marked_lane smallint, held_token bigint, places bigint[], tenants uuid[], counts bigint[]
) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
  marked int;
BEGIN
  UPDATE outbox_events SET status = 'published', published_at = clock_timestamp(), updated_at = clock_timestamp()
  WHERE lane = marked_lane AND claim_token = held_token AND status = 'processing' AND seq = ANY (places);
  GET DIAGNOSTICS marked = ROW_COUNT;
  IF marked < cardinality(places) THEN
    RAISE EXCEPTION '% of % events were taken away', cardinality(places) - marked, cardinality(places) USING ERRCODE = 'MS002';
  END IF;
  -- Rows that only this lane's owner writes.
  INSERT INTO outbox_counters AS c (tenant_id, lane, published)
  SELECT t.tenant_id, marked_lane, t.published FROM unnest(tenants, counts) t(tenant_id, published) ORDER BY t.tenant_id
  ON CONFLICT (tenant_id, lane) DO UPDATE SET published = c.published + excluded.published;
  RETURN extract(epoch FROM clock_timestamp())::float8 * 1000;
END $$;
