-- An id that is made of letters only is a word that others say: "unknown", "email", "true". Like a short one or a number
-- of up to eight digits it counts only as the value of a field that is named for a customer.
CREATE OR REPLACE FUNCTION dsar_is_common(id text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT length(id) < 4 OR id ~ '^[0-9]{1,8}$' OR id ~ '^[[:alpha:]]+$'
$$;--> statement-breakpoint

-- The names of fields stay, whatever they are: a document with another name in it is another document to who reads it.
-- One that has the subject's id as a name is counted as possible.
CREATE OR REPLACE FUNCTION dsar_redact_json(doc jsonb, id text, field text) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  said text;
BEGIN
  CASE jsonb_typeof(doc)
    WHEN 'object' THEN
      RETURN coalesce((SELECT jsonb_object_agg(e.key, public.dsar_redact_json(e.value, id, e.key))
        FROM jsonb_each(doc) e), doc);
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
END $$;
--> statement-breakpoint

-- Where events were ever published to. A publisher's own row goes with it; what it has sent does not.
CREATE TABLE outbox_backends (
  backend text PRIMARY KEY,
  first_at timestamptz(3) NOT NULL DEFAULT now()
);--> statement-breakpoint
INSERT INTO outbox_backends (backend) SELECT DISTINCT backend FROM outbox_publishers;--> statement-breakpoint
CREATE FUNCTION outbox_keep_backend() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO public.outbox_backends (backend) VALUES (NEW.backend) ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;--> statement-breakpoint
-- Not with each sign of life, which is an update.
CREATE TRIGGER outbox_keep_backend AFTER INSERT ON outbox_publishers FOR EACH ROW EXECUTE FUNCTION outbox_keep_backend();
