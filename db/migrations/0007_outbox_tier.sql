-- What the outbox page draws. Both tables hold a day at ten seconds a point and are pruned as they are written.

-- What waited, of the tenants that had anything waiting or failed; one row of zeros follows when that ends, so that
-- "nothing waited" can be told from "nobody looked".
CREATE TABLE outbox_depth (
  tenant_id uuid NOT NULL,
  at timestamptz(3) NOT NULL,
  pending int NOT NULL,
  processing int NOT NULL,
  failed int NOT NULL,
  oldest_pending_age_seconds double precision,
  PRIMARY KEY (tenant_id, at)
);--> statement-breakpoint
CREATE INDEX outbox_depth_at ON outbox_depth (at);--> statement-breakpoint

-- What was published, per lane because a lane has one writer. age_counts counts events by age; the bounds of its
-- places are in server/outbox/ages.ts.
CREATE TABLE outbox_flow (
  tenant_id uuid NOT NULL,
  at timestamptz(3) NOT NULL,
  lane smallint NOT NULL,
  published int NOT NULL,
  age_counts int[] NOT NULL,
  PRIMARY KEY (tenant_id, at, lane)
);--> statement-breakpoint
CREATE INDEX outbox_flow_at ON outbox_flow (at);--> statement-breakpoint

-- One row: when the depth was last looked at, by whichever process came first.
CREATE TABLE outbox_sampling (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  sampled_at timestamptz(3) NOT NULL DEFAULT 'epoch'
);--> statement-breakpoint
INSERT INTO outbox_sampling DEFAULT VALUES;
--> statement-breakpoint

-- Blobs of attachments that are on their way: the row comes before the blob and goes in the transaction that stores
-- the attachment. What stays is an orphan, deleted once it is old; swept_at is set before its blob goes, and a
-- transaction that would still store it then fails.
CREATE TABLE attachment_blobs (
  tenant_id uuid NOT NULL,
  location text NOT NULL,
  written_at timestamptz(3) NOT NULL DEFAULT now(),
  swept_at timestamptz(3),
  PRIMARY KEY (tenant_id, location)
);
