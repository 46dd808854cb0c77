-- People of several tenants, the links that let them in, and what the instance operator does with tenants.
-- The look-ups are security-definer functions, because users and sessions belong to no one tenant: the app's role
-- reads neither table. Roles and grants: db/access.ts.

-- A tenant's admin closes the tenant to a person, never the person's account: it may be another tenant's too.
ALTER TABLE memberships ADD COLUMN disabled_at timestamptz(3);--> statement-breakpoint
ALTER TABLE tenants ADD COLUMN suspended_at timestamptz(3), ADD COLUMN suspended_by text,
  ADD COLUMN suspend_reason text;--> statement-breakpoint

CREATE TABLE invites (
  tenant_id uuid NOT NULL REFERENCES tenants,
  id uuid NOT NULL DEFAULT ms_uuid(),
  email text NOT NULL CHECK (email = lower(email)),
  role text NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
  token_hash bytea NOT NULL UNIQUE,
  created_by text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  expires_at timestamptz(3) NOT NULL,
  accepted_at timestamptz(3),
  revoked_at timestamptz(3),
  PRIMARY KEY (tenant_id, id)
);--> statement-breakpoint
CREATE UNIQUE INDEX invites_open ON invites (tenant_id, email)
  WHERE accepted_at IS NULL AND revoked_at IS NULL;--> statement-breakpoint
CREATE INDEX invites_email ON invites (email) WHERE accepted_at IS NULL AND revoked_at IS NULL;--> statement-breakpoint

-- made_for: the tenant whose admin made the link; null: the instance operator did.
CREATE TABLE password_resets (
  id uuid PRIMARY KEY DEFAULT ms_uuid(),
  user_id uuid NOT NULL REFERENCES users,
  made_for uuid REFERENCES tenants,
  token_hash bytea NOT NULL UNIQUE,
  created_by text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  expires_at timestamptz(3) NOT NULL,
  used_at timestamptz(3)
);--> statement-breakpoint
CREATE INDEX password_resets_user ON password_resets (user_id);--> statement-breakpoint

-- Who an account is at a sign-in provider. The subject counts; an e-mail may be given to somebody else there.
CREATE TABLE user_identities (
  issuer text NOT NULL,
  subject text NOT NULL,
  user_id uuid NOT NULL REFERENCES users,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (issuer, subject),
  UNIQUE (issuer, user_id)
);--> statement-breakpoint

-- Opens in the tenant of the person's last session, else in the first by its slug.
DROP FUNCTION auth_session_open(uuid, bytea, text, int);--> statement-breakpoint
CREATE FUNCTION auth_session_open(of_user uuid, of_token_hash bytea, of_user_agent text, lifetime_seconds int)
RETURNS TABLE (session_id uuid, tenant_id uuid)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  INSERT INTO public.sessions (user_id, token_hash, user_agent, expires_at, tenant_id)
  SELECT of_user, of_token_hash, left(of_user_agent, 300), now() + make_interval(secs => lifetime_seconds),
    (SELECT m.tenant_id FROM public.memberships m JOIN public.tenants t ON t.id = m.tenant_id
      WHERE m.user_id = of_user AND m.disabled_at IS NULL AND t.status = 'active'
      ORDER BY t.id IS NOT DISTINCT FROM
        (SELECT s.tenant_id FROM public.sessions s WHERE s.user_id = of_user ORDER BY s.id DESC LIMIT 1) DESC, t.slug
      LIMIT 1)
  RETURNING sessions.id, sessions.tenant_id
$$;--> statement-breakpoint

DROP FUNCTION auth_session(bytea, int);--> statement-breakpoint
CREATE FUNCTION auth_session(of_token_hash bytea, idle_seconds int)
RETURNS TABLE (session_id uuid, user_id uuid, email text, user_name text, is_instance_operator boolean,
  tenant_id uuid, tenant_slug text, tenant_name text, tenant_status text, role text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE public.sessions s SET last_seen_at = now()
    WHERE s.token_hash = of_token_hash AND s.last_seen_at < now() - interval '1 minute' AND s.revoked_at IS NULL
      AND s.last_seen_at >= now() - make_interval(secs => idle_seconds);
  RETURN QUERY
    SELECT s.id, u.id, u.email, u.name, u.is_instance_operator, t.id, t.slug, t.name, t.status, m.role
    FROM public.sessions s
    JOIN public.users u ON u.id = s.user_id AND u.disabled_at IS NULL
    LEFT JOIN public.memberships m ON m.user_id = u.id AND m.tenant_id = s.tenant_id AND m.disabled_at IS NULL
    LEFT JOIN public.tenants t ON t.id = m.tenant_id
    WHERE s.token_hash = of_token_hash AND s.revoked_at IS NULL AND s.expires_at > now()
      AND s.last_seen_at >= now() - make_interval(secs => idle_seconds);
END $$;--> statement-breakpoint

CREATE FUNCTION auth_tenants(of_user uuid)
RETURNS TABLE (tenant_id uuid, slug text, name text, status text, role text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT t.id, t.slug, t.name, t.status, m.role
  FROM public.memberships m JOIN public.tenants t ON t.id = m.tenant_id
  WHERE m.user_id = of_user AND m.disabled_at IS NULL ORDER BY lower(t.name), t.slug
$$;--> statement-breakpoint

CREATE FUNCTION auth_session_switch(of_session uuid, of_user uuid, of_tenant uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE public.sessions s SET tenant_id = of_tenant
    WHERE s.id = of_session AND s.user_id = of_user AND s.revoked_at IS NULL AND EXISTS (
      SELECT FROM public.memberships m JOIN public.tenants t ON t.id = m.tenant_id
      WHERE m.user_id = of_user AND m.tenant_id = of_tenant AND m.disabled_at IS NULL AND t.status = 'active');
  RETURN FOUND;
END $$;--> statement-breakpoint

-- The people of the transaction's tenant, as that tenant may know them.
CREATE FUNCTION account_people()
RETURNS TABLE (user_id uuid, email text, name text, is_disabled boolean, has_password boolean,
  is_instance_operator boolean, last_seen_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT u.id, u.email, u.name, u.disabled_at IS NOT NULL, u.password_hash IS NOT NULL, u.is_instance_operator,
    (SELECT max(s.last_seen_at) FROM public.sessions s WHERE s.user_id = u.id AND s.tenant_id = m.tenant_id)
  FROM public.memberships m JOIN public.users u ON u.id = m.user_id
  WHERE m.tenant_id = nullif(current_setting('mainspring.tenant_id', true), '')::uuid
$$;--> statement-breakpoint

-- A person's sessions everywhere (in_tenant null), a tenant's (of_user null), or one person's in one tenant.
CREATE FUNCTION account_sessions(of_user uuid, in_tenant uuid, idle_seconds int)
RETURNS TABLE (session_id uuid, user_id uuid, email text, user_name text, tenant_slug text, tenant_name text,
  created_at timestamptz, last_seen_at timestamptz, expires_at timestamptz, user_agent text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT s.id, u.id, u.email, u.name, t.slug, t.name, s.created_at, s.last_seen_at, s.expires_at, s.user_agent
  FROM public.sessions s JOIN public.users u ON u.id = s.user_id LEFT JOIN public.tenants t ON t.id = s.tenant_id
  WHERE coalesce(of_user, in_tenant) IS NOT NULL
    AND (of_user IS NULL OR s.user_id = of_user) AND (in_tenant IS NULL OR s.tenant_id = in_tenant)
    AND s.revoked_at IS NULL AND s.expires_at > now() AND u.disabled_at IS NULL
    AND (idle_seconds IS NULL OR s.last_seen_at >= now() - make_interval(secs => idle_seconds))
  ORDER BY s.last_seen_at DESC, s.id DESC
$$;--> statement-breakpoint

CREATE FUNCTION account_sessions_revoke(of_user uuid, in_tenant uuid, only_session uuid, but_session uuid) RETURNS int
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE revoked int;
BEGIN
  UPDATE public.sessions s SET revoked_at = now()
    WHERE s.revoked_at IS NULL AND s.expires_at > now() AND coalesce(of_user, in_tenant) IS NOT NULL
      AND (of_user IS NULL OR s.user_id = of_user) AND (in_tenant IS NULL OR s.tenant_id = in_tenant)
      AND (only_session IS NULL OR s.id = only_session) AND (but_session IS NULL OR s.id <> but_session);
  GET DIAGNOSTICS revoked = ROW_COUNT;
  RETURN revoked;
END $$;--> statement-breakpoint

CREATE FUNCTION account_self(of_user uuid) RETURNS TABLE (name text, has_password boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT u.name, u.password_hash IS NOT NULL FROM public.users u WHERE u.id = of_user
$$;--> statement-breakpoint
CREATE FUNCTION account_profile(of_user uuid, new_name text) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  UPDATE public.users SET name = new_name WHERE id = of_user
$$;--> statement-breakpoint

CREATE FUNCTION account_password(of_user uuid) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT password_hash FROM public.users WHERE id = of_user
$$;--> statement-breakpoint
-- Open reset links die with the password that they were made for.
CREATE FUNCTION account_password_set(of_user uuid, new_hash text) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  UPDATE public.password_resets SET used_at = now() WHERE user_id = of_user AND used_at IS NULL;
  UPDATE public.users SET password_hash = new_hash WHERE id = of_user
$$;--> statement-breakpoint

CREATE FUNCTION auth_invite(of_token_hash bytea)
RETURNS TABLE (invite_id uuid, tenant_id uuid, tenant_slug text, tenant_name text, email text, role text,
  user_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT i.id, t.id, t.slug, t.name, i.email, i.role, u.id
  FROM public.invites i JOIN public.tenants t ON t.id = i.tenant_id AND t.status = 'active'
  LEFT JOIN public.users u ON u.email = i.email
  WHERE i.token_hash = of_token_hash AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > now()
$$;--> statement-breakpoint
CREATE FUNCTION auth_invites_of(of_email text) RETURNS TABLE (invite_id uuid, tenant_id uuid, tenant_slug text,
  tenant_name text, role text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT i.id, t.id, t.slug, t.name, i.role
  FROM public.invites i JOIN public.tenants t ON t.id = i.tenant_id AND t.status = 'active'
  WHERE i.email = of_email AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > now()
$$;--> statement-breakpoint
-- Null when the e-mail has an account: an invite never touches one that exists.
CREATE FUNCTION auth_user_make(new_email text, new_name text, new_hash text) RETURNS uuid
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  INSERT INTO public.users (email, name, password_hash) VALUES (new_email, new_name, new_hash)
    ON CONFLICT (email) DO NOTHING RETURNING id
$$;--> statement-breakpoint

-- How far a reset of this account's password would reach beyond one tenant.
CREATE FUNCTION account_reach(of_user uuid, from_tenant uuid)
RETURNS TABLE (is_instance_operator boolean, other_tenants int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT u.is_instance_operator,
    (SELECT count(*)::int FROM public.memberships m WHERE m.user_id = u.id AND m.tenant_id <> from_tenant)
  FROM public.users u WHERE u.id = of_user
$$;--> statement-breakpoint
CREATE FUNCTION account_reset_make(of_user uuid, of_token_hash bytea, lifetime_seconds int, of_maker text, for_tenant uuid)
RETURNS timestamptz
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  UPDATE public.password_resets SET used_at = now() WHERE user_id = of_user AND used_at IS NULL;
  INSERT INTO public.password_resets (user_id, token_hash, created_by, made_for, expires_at)
    VALUES (of_user, of_token_hash, of_maker, for_tenant, now() + make_interval(secs => lifetime_seconds))
    RETURNING expires_at
$$;--> statement-breakpoint
-- A tenant's admin vouches for the tenant's own people: the link dies when the person is somebody elsewhere too.
CREATE FUNCTION auth_reset(of_token_hash bytea) RETURNS TABLE (user_id uuid, email text, made_for uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT u.id, u.email, r.made_for FROM public.password_resets r
    JOIN public.users u ON u.id = r.user_id AND u.disabled_at IS NULL
  WHERE r.token_hash = of_token_hash AND r.used_at IS NULL AND r.expires_at > now()
    AND (r.made_for IS NULL OR (NOT u.is_instance_operator AND NOT EXISTS (
      SELECT FROM public.memberships m WHERE m.user_id = u.id AND m.tenant_id <> r.made_for)))
$$;--> statement-breakpoint
-- True once: of two that come at the same time the second waits for the row and finds it used.
CREATE FUNCTION auth_reset_use(of_token_hash bytea) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE public.password_resets r SET used_at = now() FROM public.users u
    WHERE r.token_hash = of_token_hash AND r.used_at IS NULL AND r.expires_at > now() AND u.id = r.user_id
      AND (r.made_for IS NULL OR (NOT u.is_instance_operator AND NOT EXISTS (
        SELECT FROM public.memberships m WHERE m.user_id = u.id AND m.tenant_id <> r.made_for)));
  RETURN FOUND;
END $$;--> statement-breakpoint

CREATE FUNCTION auth_identity(of_issuer text, of_subject text, of_email text)
RETURNS TABLE (user_id uuid, email text, disabled boolean, is_bound boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT u.id, u.email, u.disabled_at IS NOT NULL, true FROM public.user_identities i
    JOIN public.users u ON u.id = i.user_id WHERE i.issuer = of_issuer AND i.subject = of_subject
  UNION ALL
  SELECT u.id, u.email, u.disabled_at IS NOT NULL, false FROM public.users u WHERE u.email = of_email
    AND NOT EXISTS (SELECT FROM public.user_identities i WHERE i.issuer = of_issuer
      AND (i.subject = of_subject OR i.user_id = u.id))
$$;--> statement-breakpoint
CREATE FUNCTION auth_identity_bind(of_issuer text, of_subject text, of_user uuid) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  INSERT INTO public.user_identities (issuer, subject, user_id) VALUES (of_issuer, of_subject, of_user)
$$;--> statement-breakpoint

CREATE FUNCTION instance_tenants()
RETURNS TABLE (tenant_id uuid, slug text, name text, status text, created_at timestamptz, suspended_at timestamptz,
  suspended_by text, suspend_reason text, user_count int, admin_count int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT t.id, t.slug, t.name, t.status, t.created_at, t.suspended_at, t.suspended_by, t.suspend_reason,
    (SELECT count(*)::int FROM public.memberships m WHERE m.tenant_id = t.id),
    (SELECT count(*)::int FROM public.memberships m WHERE m.tenant_id = t.id AND m.role = 'admin' AND m.disabled_at IS NULL)
  FROM public.tenants t
$$;--> statement-breakpoint
-- True when it changed something; reason null: active again.
CREATE FUNCTION instance_tenant_suspend(of_tenant uuid, of_reason text, of_maker text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE wanted text := CASE WHEN of_reason IS NULL THEN 'active' ELSE 'suspended' END;
BEGIN
  UPDATE public.tenants t SET status = wanted, suspend_reason = of_reason,
      suspended_by = CASE WHEN of_reason IS NOT NULL THEN of_maker END,
      suspended_at = CASE WHEN of_reason IS NOT NULL THEN now() END
    WHERE t.id = of_tenant AND t.status <> wanted;
  RETURN FOUND;
END $$;--> statement-breakpoint

-- A tenant is a row, a role that owns its data schema, and that schema. It runs as the owner, who may create roles:
-- no serving process can, and what the app may have made this way is a tenant and nothing else. False when the slug
-- is taken. Roles are cluster-wide and names have 63 bytes: the id's hash, not the slug, keeps them apart.
CREATE FUNCTION instance_tenant_make(of_id uuid, of_slug text, of_name text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  prefix text := (SELECT i.role_prefix FROM public.installation i);
  new_role text := prefix || '_t_' || left(encode(sha256(convert_to(of_id::text, 'UTF8')), 'hex'), 12);
  new_schema text := 't_' || replace(of_slug, '-', '_') || '_' || right(of_id::text, 6);
BEGIN
  -- Two at once: the second waits here and then finds the first's row.
  LOCK TABLE public.tenants IN SHARE ROW EXCLUSIVE MODE;
  IF EXISTS (SELECT FROM public.tenants t WHERE t.slug = of_slug) THEN RETURN false; END IF;
  EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', new_role);
  EXECUTE format('GRANT %I TO %I WITH INHERIT FALSE, SET TRUE', new_role, prefix || '_worker');
  EXECUTE format('GRANT %I TO %I WITH INHERIT FALSE, SET TRUE', new_role, prefix || '_app');
  EXECUTE format('GRANT %I TO CURRENT_USER WITH INHERIT TRUE, SET TRUE', new_role);
  EXECUTE format('CREATE SCHEMA %I AUTHORIZATION %I', new_schema, new_role);
  -- Its SQL may make temporary tables (staging) in this database and create in its own schema, no more.
  EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO %I', current_database(), new_role);
  INSERT INTO public.tenants (id, slug, name, schema_name, role_name)
    VALUES (of_id, of_slug, of_name, new_schema, new_role);
  RETURN true;
END $$;
