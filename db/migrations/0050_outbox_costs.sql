-- What a claim and a mark of an event cost: each writes the row anew, and whatever the table computes or checks for a row was
-- computed and checked both times, though nothing of it had changed: about a third of an update's time.

-- What follows from an event is given with it by whoever stores it. The limits stand in the columns' types, which are looked
-- at where a value is put in, and not at every update of the row.
CREATE DOMAIN outbox_type AS text CONSTRAINT outbox_events_type_check CHECK (length(VALUE) BETWEEN 1 AND 200);--> statement-breakpoint
CREATE DOMAIN outbox_key AS text CONSTRAINT outbox_events_key_check CHECK (octet_length(VALUE) BETWEEN 1 AND 1024);--> statement-breakpoint
CREATE DOMAIN outbox_payload_bytes AS int CONSTRAINT outbox_events_payload_bytes_check CHECK (VALUE <= 900000);--> statement-breakpoint
CREATE DOMAIN outbox_headers_bytes AS int CONSTRAINT outbox_events_headers_bytes_check CHECK (VALUE <= 8192);--> statement-breakpoint

ALTER TABLE outbox_events
  ALTER COLUMN lane DROP EXPRESSION,
  ALTER COLUMN payload_bytes DROP EXPRESSION,
  ALTER COLUMN headers_bytes DROP EXPRESSION,
  DROP COLUMN is_claimed,
  DROP CONSTRAINT outbox_events_type_check,
  DROP CONSTRAINT outbox_events_key_check,
  DROP CONSTRAINT outbox_events_payload_bytes_check,
  DROP CONSTRAINT outbox_events_headers_bytes_check;--> statement-breakpoint
-- Rewrites the partitions, once.
ALTER TABLE outbox_events
  ALTER COLUMN type TYPE outbox_type,
  ALTER COLUMN key TYPE outbox_key,
  ALTER COLUMN payload_bytes TYPE outbox_payload_bytes,
  ALTER COLUMN headers_bytes TYPE outbox_headers_bytes;--> statement-breakpoint

-- Four lanes: server/outbox/config.ts says the same. Every event of one key is in one lane.
CREATE FUNCTION outbox_lane(tenant_id uuid, key text) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN (hashtextextended(tenant_id::text || ' ' || key, 0) & 3)::smallint;--> statement-breakpoint

-- For a row that was put in without: by hand, or by a process of an older version.
CREATE FUNCTION outbox_fill_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.lane := outbox_lane(NEW.tenant_id, NEW.key);
  NEW.payload_bytes := octet_length(NEW.payload::text);
  NEW.headers_bytes := octet_length(NEW.headers::text);
  RETURN NEW;
END $$;--> statement-breakpoint
CREATE TRIGGER outbox_fill_event BEFORE INSERT ON outbox_events FOR EACH ROW
  WHEN (NEW.lane IS NULL OR NEW.payload_bytes IS NULL OR NEW.headers_bytes IS NULL)
  EXECUTE FUNCTION outbox_fill_event();--> statement-breakpoint

-- Claims and marks do not wait for the disk, so a crash of the database server can undo the last of them. A crash, and a
-- standby that takes over, empty an unlogged table: an owner that does not find its hold here takes its lane anew. A hold has
-- an id of its own, because a standby that lacks a takeover gives its token out again.
CREATE UNLOGGED TABLE outbox_lane_owners (
  lane smallint PRIMARY KEY,
  hold_id uuid NOT NULL
);
