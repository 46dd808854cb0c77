-- Ids of one millisecond in the order of their time, to the microsecond, also where PostgreSQL has no uuidv7 (16 and 17): without it what
-- waits first in, first out, and what is listed by id, stood in any order within a millisecond.

-- RFC 9562, 6.2, method 3: 48 bits of Unix milliseconds, cut and not rounded, the version, and 12 bits of the millisecond's fraction, in which
-- each microsecond has a value of its own. The rest is random. There on every version, so that it can be tried on any.
CREATE FUNCTION ms_uuid_made() RETURNS uuid LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS $$
DECLARE
  us bigint := extract(epoch FROM clock_timestamp()) * 1000000;
BEGIN
  RETURN encode(overlay(uuid_send(gen_random_uuid())
    PLACING substring(int8send(us / 1000) FROM 3) || int2send((x'7000'::int + us % 1000 * 4096 / 1000)::smallint) FROM 1 FOR 8), 'hex')::uuid;
END $$;--> statement-breakpoint
DO $$
BEGIN
  IF current_setting('server_version_num')::int < 180000 THEN
    CREATE OR REPLACE FUNCTION ms_uuid() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS 'SELECT public.ms_uuid_made()';
  END IF;
END $$;--> statement-breakpoint
-- Cut as well, or a window from the second half of a millisecond would begin behind ids of it.
CREATE OR REPLACE FUNCTION ms_uuid_at(at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (lpad(to_hex(floor(extract(epoch FROM at) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid
$$;
