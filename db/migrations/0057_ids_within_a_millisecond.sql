-- Ids of one millisecond in the order of their time also where PostgreSQL has no uuidv7 (16 and 17), as 18 has them: without it what
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
  IF to_regprocedure('uuidv7()') IS NULL THEN
    CREATE OR REPLACE FUNCTION ms_uuid() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS 'SELECT ms_uuid_made()';
  END IF;
END $$;
