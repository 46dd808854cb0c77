-- A page that asks by itself is no sign of its person, so it leaves last_seen_at alone; whoever has a stolen cookie can say
-- the same of every page that they read. last_used_at moves with every use, and is what people are shown.
ALTER TABLE sessions ADD COLUMN last_used_at timestamptz(3) NOT NULL DEFAULT now();--> statement-breakpoint
UPDATE sessions SET last_used_at = last_seen_at;--> statement-breakpoint

DROP FUNCTION auth_session(bytea, int);--> statement-breakpoint
-- Whose session it is, if it still counts. Each time is moved once a minute at most; a use that is no sign of its person
-- moves last_used_at alone.
CREATE FUNCTION auth_session(of_token_hash bytea, idle_seconds int, is_sign boolean)
RETURNS TABLE (session_id uuid, user_id uuid, email text, user_name text, is_instance_operator boolean,
  tenant_id uuid, tenant_slug text, tenant_name text, tenant_status text, role text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE public.sessions s
    SET last_used_at = now(), last_seen_at = CASE WHEN is_sign THEN now() ELSE s.last_seen_at END
    WHERE s.token_hash = of_token_hash AND s.revoked_at IS NULL
      AND s.last_seen_at >= now() - make_interval(secs => idle_seconds)
      AND CASE WHEN is_sign THEN s.last_seen_at ELSE s.last_used_at END < now() - interval '1 minute';
  RETURN QUERY
    SELECT s.id, u.id, u.email, u.name, u.is_instance_operator, t.id, t.slug, t.name, t.status, m.role
    FROM public.sessions s
    JOIN public.users u ON u.id = s.user_id AND u.disabled_at IS NULL
    LEFT JOIN public.memberships m ON m.user_id = u.id AND m.tenant_id = s.tenant_id AND m.disabled_at IS NULL
    LEFT JOIN public.tenants t ON t.id = m.tenant_id
    WHERE s.token_hash = of_token_hash AND s.revoked_at IS NULL AND s.expires_at > now()
      AND s.last_seen_at >= now() - make_interval(secs => idle_seconds);
END $$;--> statement-breakpoint

DROP FUNCTION account_sessions(uuid, uuid, int);--> statement-breakpoint
-- A person's sessions everywhere (in_tenant null), a tenant's (of_user null), or one person's in one tenant.
CREATE FUNCTION account_sessions(of_user uuid, in_tenant uuid, idle_seconds int)
RETURNS TABLE (session_id uuid, user_id uuid, email text, user_name text, tenant_slug text, tenant_name text,
  created_at timestamptz, last_seen_at timestamptz, expires_at timestamptz, user_agent text, last_used_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT s.id, u.id, u.email, u.name, t.slug, t.name, s.created_at, s.last_seen_at, s.expires_at, s.user_agent,
    s.last_used_at
  FROM public.sessions s JOIN public.users u ON u.id = s.user_id LEFT JOIN public.tenants t ON t.id = s.tenant_id
  WHERE coalesce(of_user, in_tenant) IS NOT NULL
    AND (of_user IS NULL OR s.user_id = of_user) AND (in_tenant IS NULL OR s.tenant_id = in_tenant)
    AND s.revoked_at IS NULL AND s.expires_at > now() AND u.disabled_at IS NULL
    AND (idle_seconds IS NULL OR s.last_seen_at >= now() - make_interval(secs => idle_seconds))
  ORDER BY s.last_used_at DESC, s.id DESC
$$;
