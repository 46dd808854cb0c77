-- Doors that must be shut by themselves: an open page does not keep its session awake, a suspended tenant's schedules
-- rest, and links that nobody used go.

-- Which of these sessions still count, and in which active tenant each is. Unlike auth_session it moves nothing: asking
-- on behalf of a page that only listens is not the person being there.
CREATE FUNCTION auth_sessions_alive(of_token_hashes bytea[], idle_seconds int)
RETURNS TABLE (place bigint, tenant_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT h.place, t.id
  FROM unnest(of_token_hashes) WITH ORDINALITY h(token_hash, place)
  JOIN public.sessions s ON s.token_hash = h.token_hash
  JOIN public.users u ON u.id = s.user_id AND u.disabled_at IS NULL
  LEFT JOIN public.memberships m ON m.user_id = u.id AND m.tenant_id = s.tenant_id AND m.disabled_at IS NULL
  LEFT JOIN public.tenants t ON t.id = m.tenant_id AND t.status = 'active'
  WHERE s.revoked_at IS NULL AND s.expires_at > now() AND s.last_seen_at >= now() - make_interval(secs => idle_seconds)
$$;--> statement-breakpoint

-- The tick asks for these with each batch; there are few.
CREATE INDEX tenants_suspended ON tenants (id) WHERE status = 'suspended';--> statement-breakpoint
CREATE FUNCTION suspended_tenants() RETURNS TABLE (tenant_id uuid, suspended_at timestamptz, reason text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT t.id, coalesce(t.suspended_at, now()), coalesce(t.suspend_reason, '')
  FROM public.tenants t WHERE t.status = 'suspended'
$$;--> statement-breakpoint

-- Invites and links to choose a password, used or not; each call deletes at most `batch` rows and says how many.
CREATE INDEX invites_expiry ON invites (expires_at);--> statement-breakpoint
CREATE INDEX password_resets_expiry ON password_resets (expires_at);--> statement-breakpoint
CREATE FUNCTION cron_prune_invites(expired_days int, batch int) RETURNS int
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  WITH gone AS (
    DELETE FROM public.invites WHERE ctid = ANY (ARRAY(
      SELECT i.ctid FROM public.invites i
      WHERE i.expires_at < now() - make_interval(days => expired_days) ORDER BY i.expires_at LIMIT batch))
    RETURNING 1)
  SELECT count(*)::int FROM gone
$$;--> statement-breakpoint
CREATE FUNCTION cron_prune_password_resets(expired_days int, batch int) RETURNS int
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  WITH gone AS (
    DELETE FROM public.password_resets WHERE ctid = ANY (ARRAY(
      SELECT r.ctid FROM public.password_resets r
      WHERE r.expires_at < now() - make_interval(days => expired_days) ORDER BY r.expires_at LIMIT batch))
    RETURNING 1)
  SELECT count(*)::int FROM gone
$$;
