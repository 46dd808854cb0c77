-- An attempt is counted before its password is looked at and taken back when it was right: counted afterwards,
-- a hundred attempts at once all saw the same low count.
CREATE FUNCTION auth_login_count(of_subject text, change int) RETURNS int
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  bucket timestamptz := to_timestamp(floor(extract(epoch FROM now()) / 900) * 900);
  counted int;
BEGIN
  INSERT INTO public.login_attempts AS a (subject, window_start, failures)
    VALUES (of_subject, bucket, greatest(change, 0))
    ON CONFLICT (subject, window_start) DO UPDATE SET failures = greatest(a.failures + change, 0)
    RETURNING failures INTO counted;
  DELETE FROM public.login_attempts WHERE window_start < now() - interval '1 day';
  RETURN counted;
END $$;--> statement-breakpoint
DROP FUNCTION auth_login_failures(text[], boolean);
