-- What people ask about their own data: to be given it, or to have it erased.

-- The key under which a tenant's subjects are hashed: what must be known of a subject after its erasure, and what the
-- audit log says of one, is this hash. One row per tenant, made with its first request.
CREATE TABLE dsar_settings (
  tenant_id uuid PRIMARY KEY REFERENCES tenants,
  subject_key bytea NOT NULL CHECK (octet_length(subject_key) = 32)
);--> statement-breakpoint

CREATE TABLE dsar_requests (
  tenant_id uuid NOT NULL REFERENCES tenants,
  id uuid NOT NULL DEFAULT ms_uuid(),
  kind text NOT NULL CHECK (kind IN ('access', 'erase')),
  subject_hash text NOT NULL,
  -- Gone once the subject was erased.
  customer_id text CHECK (octet_length(customer_id) BETWEEN 1 AND 512),
  note text NOT NULL DEFAULT '' CHECK (length(note) <= 2000),
  state text NOT NULL DEFAULT 'waiting'
    CHECK (state IN ('waiting', 'running', 'completed', 'refused', 'failed', 'cancelled')),
  due_at timestamptz(3) NOT NULL,
  created_by text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  -- Set by "carry out now", taken off when a pass begins.
  run_requested_at timestamptz(3),
  started_at timestamptz(3),
  attempts int NOT NULL DEFAULT 0,
  -- How far it is: {pass, store, after, found, waiting, searchedAt, file}.
  progress jsonb,
  -- By store: what was erased or given; what names the subject and stays; how many events were still to be published.
  counts jsonb NOT NULL DEFAULT '{}',
  kept jsonb NOT NULL DEFAULT '{}',
  -- By store: rows in which the id stands and may be something else.
  possible jsonb NOT NULL DEFAULT '{}',
  waiting_events bigint NOT NULL DEFAULT 0,
  -- Of a request that a hold refuses: {holdId, what, reason, at}.
  refusal jsonb,
  error text,
  finished_at timestamptz(3),
  receipt_no int,
  receipt jsonb,
  previous_hash text,
  hash text,
  PRIMARY KEY (tenant_id, id),
  CHECK ((state = 'completed') = (hash IS NOT NULL) AND (hash IS NULL) = (receipt IS NULL)
    AND (hash IS NULL) = (receipt_no IS NULL))
) WITH (fillfactor = 50);--> statement-breakpoint
CREATE UNIQUE INDEX dsar_requests_open ON dsar_requests (tenant_id, subject_hash, kind)
  WHERE state IN ('waiting', 'running', 'refused', 'failed');--> statement-breakpoint
CREATE UNIQUE INDEX dsar_requests_receipt ON dsar_requests (tenant_id, receipt_no);--> statement-breakpoint

-- A receipt cannot be changed. What names the subject beside it can be taken away.
CREATE FUNCTION dsar_keep_receipt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF to_jsonb(NEW) - ARRAY['customer_id', 'note'] IS DISTINCT FROM to_jsonb(OLD) - ARRAY['customer_id', 'note']
    OR coalesce(NEW.customer_id IS DISTINCT FROM OLD.customer_id AND NEW.customer_id IS NOT NULL, true) THEN
    RAISE EXCEPTION 'request % has its receipt: it cannot be changed', OLD.id;
  END IF;
  RETURN NEW;
END $$;--> statement-breakpoint
CREATE TRIGGER dsar_keep_receipt BEFORE UPDATE ON dsar_requests FOR EACH ROW
  WHEN (OLD.hash IS NOT NULL) EXECUTE FUNCTION dsar_keep_receipt();--> statement-breakpoint

-- The file that answers an access request, until it expires. A link's token is kept as its hash.
CREATE TABLE dsar_bundles (
  tenant_id uuid NOT NULL REFERENCES tenants,
  request_id uuid NOT NULL,
  -- A key of each attempt's own. It is written down before the file is, so that no file is without a row.
  location text NOT NULL,
  is_writing boolean NOT NULL DEFAULT false,
  size_bytes bigint NOT NULL DEFAULT 0,
  sha256 text NOT NULL DEFAULT '',
  made_at timestamptz(3) NOT NULL DEFAULT now(),
  expires_at timestamptz(3) NOT NULL,
  link_hash bytea,
  link_expires_at timestamptz(3),
  downloads int NOT NULL DEFAULT 0,
  last_download_at timestamptz(3),
  -- When its file was deleted.
  deleted_at timestamptz(3),
  PRIMARY KEY (tenant_id, request_id)
) WITH (fillfactor = 50);--> statement-breakpoint

-- What counts as a mention of a subject. An id that is short, or a number of up to eight digits, is also an amount, a
-- count or another record's key: of it only the value of a field that is named for a customer counts. Others count as a
-- whole string and as a word of their own in text: no letter, digit, _ or - beside it, and no . @ + that ties it to
-- another. A JSON number counts in a field that is named for a customer only, however long it is, and what is said in a
-- field of the tenant's own vocabulary (offer, channel, type, outcome) never does: it is said of everybody.
CREATE FUNCTION dsar_is_common(id text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT length(id) < 4 OR id ~ '^[0-9]{1,8}$'
$$;--> statement-breakpoint
CREATE FUNCTION dsar_is_customer_field(field text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT lower(replace(field, '_', '')) IN ('customerid', 'customer', 'subject', 'subjectid')
$$;--> statement-breakpoint
CREATE FUNCTION dsar_redact(body text, id text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE
    WHEN strpos(body, id) = 0 OR public.dsar_is_common(id) THEN body
    WHEN body = id THEN '[erased]'
    ELSE regexp_replace(body, '(?<![[:alnum:]_-])(?<![[:alnum:]_-][.@+])'
      || regexp_replace(id, '[][\\^$.|?*+(){}#-]', '\\\&', 'g')
      || '(?![[:alnum:]_-])(?![.@+][[:alnum:]_])', '[erased]', 'g') END
$$;--> statement-breakpoint
-- Whether the letters of the id stand in a text apart from other letters and digits: more than what is redacted, so that
-- what an erasure leaves can be counted.
CREATE FUNCTION dsar_may_name(body text, id text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT strpos(body, id) > 0 AND regexp_replace(body, '\\[nrtbf]', ' ', 'g') ~ ('(?<![[:alnum:]])'
    || regexp_replace(id, '[][\\^$.|?*+(){}#-]', '\\\&', 'g') || '(?![[:alnum:]])')
$$;--> statement-breakpoint
CREATE FUNCTION dsar_redact_json(doc jsonb, id text, field text) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  said text;
BEGIN
  CASE jsonb_typeof(doc)
    WHEN 'object' THEN
      RETURN coalesce((SELECT jsonb_object_agg(public.dsar_redact(e.key, id),
        public.dsar_redact_json(e.value, id, e.key)) FROM jsonb_each(doc) e), doc);
    WHEN 'array' THEN
      RETURN coalesce((SELECT jsonb_agg(public.dsar_redact_json(e.value, id, field) ORDER BY e.place)
        FROM jsonb_array_elements(doc) WITH ORDINALITY e (value, place)), doc);
    WHEN 'string', 'number' THEN
      said := doc #>> '{}';
      IF said = id AND public.dsar_is_customer_field(field) THEN RETURN '"[erased]"'; END IF;
      IF jsonb_typeof(doc) = 'number'
        OR lower(replace(field, '_', '')) IN ('offerid', 'channel', 'interactiontype', 'outcome') THEN
        RETURN doc;
      END IF;
      RETURN to_jsonb(public.dsar_redact(said, id));
    ELSE RETURN doc;
  END CASE;
END $$;--> statement-breakpoint
-- Of which customers a record tells: the values of its own fields that are named for one.
CREATE FUNCTION dsar_customers(doc jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(array_agg(DISTINCT e.value #>> '{}'), '{}')
  FROM jsonb_each(CASE WHEN jsonb_typeof(doc) = 'object' THEN doc ELSE '{}' END) e
  WHERE public.dsar_is_customer_field(e.key) AND jsonb_typeof(e.value) IN ('string', 'number')
$$;--> statement-breakpoint
-- What a row's key is made of, whatever its shape: a value, a list of them, or one by column or by side of a join.
CREATE FUNCTION dsar_key_values(doc jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(array_agg(DISTINCT v #>> '{}'), '{}')
  FROM jsonb_path_query(doc, 'strict $.** ? (@.type() == "string" || @.type() == "number")') v
$$;--> statement-breakpoint
-- A line of a file without the subject; one that is no JSON, as a file that was cut off has, is text.
CREATE FUNCTION dsar_redact_line(line text, id text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
  doc jsonb;
  left_of jsonb;
BEGIN
  doc := line::jsonb;
  left_of := public.dsar_redact_json(doc, id, '');
  RETURN CASE WHEN left_of = doc THEN line ELSE left_of::text END;
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
  RETURN public.dsar_redact(line, id);
END $$;
