-- Where blobs were ever kept: the folder or bucket of every process that was started. Another setting later leaves what
-- is there, and no erasure reaches it.
CREATE TABLE blob_stores (
  place text PRIMARY KEY,
  first_at timestamptz(3) NOT NULL DEFAULT now()
);
