-- Who gave whom the way in: a password by a link, a membership by an invite, a role. Whoever did could act as that person,
-- so approvals ask it. Rows are only added: giving access anew does not hide who gave it before.
CREATE TABLE access_givings (
  id uuid PRIMARY KEY DEFAULT ms_uuid(),
  user_id uuid NOT NULL REFERENCES users,
  -- The tenant in which it was given; null: by the instance operator, to the account.
  made_for uuid REFERENCES tenants ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind IN ('password', 'membership', 'role')),
  given_by text NOT NULL,
  -- The person behind that name; null: the program, or a key that nobody is known to have made.
  giver_id uuid,
  -- The instance operator did, in that office.
  by_instance boolean NOT NULL DEFAULT false,
  given_at timestamptz(3) NOT NULL DEFAULT clock_timestamp()
);--> statement-breakpoint
CREATE INDEX access_givings_tenant ON access_givings (made_for, given_at);--> statement-breakpoint
CREATE INDEX access_givings_user ON access_givings (user_id, given_at);--> statement-breakpoint
ALTER TABLE password_resets ADD COLUMN maker_id uuid;--> statement-breakpoint
ALTER TABLE invites ADD COLUMN maker_id uuid, ADD COLUMN by_instance boolean NOT NULL DEFAULT false;--> statement-breakpoint

-- What was given before counts as well. A maker that is a key is nobody known here, and the approvals refuse that for the
-- hours that they look back.
UPDATE password_resets r SET maker_id = u.id FROM users u WHERE u.email = lower(r.created_by);--> statement-breakpoint
UPDATE invites i SET maker_id = u.id, by_instance = u.is_instance_operator AND NOT EXISTS (
    SELECT FROM memberships m WHERE m.tenant_id = i.tenant_id AND m.user_id = u.id)
  FROM users u WHERE u.email = lower(i.created_by);--> statement-breakpoint
INSERT INTO access_givings (user_id, made_for, kind, given_by, giver_id, by_instance, given_at)
  SELECT user_id, made_for, 'password', created_by, maker_id, made_for IS NULL, used_at
  FROM password_resets WHERE used_at > now() - interval '70 days'
  UNION ALL
  SELECT u.id, i.tenant_id, 'membership', i.created_by, i.maker_id, i.by_instance, i.accepted_at
  FROM invites i JOIN users u ON u.email = i.email WHERE i.accepted_at > now() - interval '70 days'
  UNION ALL
  SELECT u.id, a.tenant_id, 'role', a.actor_id, g.id, false, a.created_at
  FROM audit_log a JOIN users u ON u.id::text = a.target_id LEFT JOIN users g ON g.email = lower(a.actor_id)
  WHERE a.action = 'user.role' AND a.outcome = 'done' AND a.created_at > now() - interval '70 days';--> statement-breakpoint

DROP FUNCTION account_reset_make(uuid, bytea, int, text, uuid);--> statement-breakpoint
CREATE FUNCTION account_reset_make(of_user uuid, of_token_hash bytea, lifetime_seconds int, of_maker text, of_maker_id uuid,
  for_tenant uuid) RETURNS timestamptz
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  UPDATE public.password_resets SET used_at = now() WHERE user_id = of_user AND used_at IS NULL;
  INSERT INTO public.password_resets (user_id, token_hash, created_by, maker_id, made_for, expires_at)
    VALUES (of_user, of_token_hash, of_maker, of_maker_id, for_tenant, now() + make_interval(secs => lifetime_seconds))
    RETURNING expires_at
$$;--> statement-breakpoint

DROP FUNCTION auth_reset_use(bytea);--> statement-breakpoint
-- True once: of two that come at the same time the second waits for the row and finds it used. With it is written down
-- whose link it was.
CREATE FUNCTION auth_reset_use(of_token_hash bytea) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  WITH used AS (
    UPDATE public.password_resets r SET used_at = now() FROM public.users u
    WHERE r.token_hash = of_token_hash AND r.used_at IS NULL AND r.expires_at > now() AND u.id = r.user_id
      AND (r.made_for IS NULL OR (NOT u.is_instance_operator AND NOT EXISTS (
        SELECT FROM public.memberships m WHERE m.user_id = u.id AND m.tenant_id <> r.made_for)))
    RETURNING r.user_id, r.made_for, r.created_by, r.maker_id)
  INSERT INTO public.access_givings (user_id, made_for, kind, given_by, giver_id, by_instance)
    SELECT user_id, made_for, 'password', created_by, maker_id, made_for IS NULL FROM used;
  RETURN FOUND;
END $$;--> statement-breakpoint

-- Somebody was given a membership or a role in the transaction's tenant.
CREATE FUNCTION account_given(of_user uuid, of_kind text, of_giver text, of_giver_id uuid, is_by_instance boolean) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  INSERT INTO public.access_givings (user_id, made_for, kind, given_by, giver_id, by_instance)
    VALUES (of_user, nullif(current_setting('mainspring.tenant_id', true), '')::uuid, of_kind, of_giver, of_giver_id,
      is_by_instance)
$$;--> statement-breakpoint

-- The people of the transaction's tenant who may be the same person as one of `parties` ([{"name": …, "userId": …}]), by
-- the access that was given since: from the one to the other, or over others in between, in either direction, because
-- whoever set another's password can ask as that person as well as approve. A password that was set by a link of the
-- instance operator's puts an end to what was given before it, and the operator's own giving reaches no further than
-- from giver to given. Where nobody knows who gave, it is anybody.
CREATE FUNCTION approval_beholden(parties jsonb, since timestamptz) RETURNS TABLE (user_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  WITH RECURSIVE tenant AS (
    SELECT nullif(current_setting('mainspring.tenant_id', true), '')::uuid AS id
  ), edges AS MATERIALIZED (
    SELECT g.user_id AS a, g.giver_id AS b, g.by_instance,
      g.giver_id IS NULL AND g.given_by NOT LIKE 'system:%' AS is_unknown
    FROM public.access_givings g, tenant t
    WHERE g.given_at >= since AND g.giver_id IS DISTINCT FROM g.user_id
      AND (g.made_for = t.id OR g.made_for IS NULL AND EXISTS (
        SELECT FROM public.memberships m WHERE m.tenant_id = t.id AND m.user_id = g.user_id))
      AND NOT EXISTS (SELECT FROM public.access_givings o WHERE o.user_id = g.user_id AND o.kind = 'password'
        AND o.by_instance AND o.given_at > g.given_at)
  ), party AS MATERIALIZED (
    SELECT p."userId" AS id FROM jsonb_to_recordset(parties) AS p ("userId" uuid) WHERE p."userId" IS NOT NULL
    UNION
    SELECT u.id FROM jsonb_to_recordset(parties) AS p (name text) JOIN public.users u ON u.email = lower(p.name)
  ), reached (id) AS (
    SELECT party.id FROM party
    UNION
    SELECT CASE WHEN e.a = r.id THEN e.b ELSE e.a END
    FROM reached r JOIN edges e ON r.id IN (e.a, e.b) AND NOT e.by_instance AND NOT e.is_unknown AND e.b IS NOT NULL
  )
  SELECT r.id FROM reached r WHERE r.id NOT IN (SELECT party.id FROM party)
  UNION
  SELECT CASE WHEN e.a = p.id THEN e.b ELSE e.a END FROM party p JOIN edges e ON p.id IN (e.a, e.b)
    WHERE e.by_instance AND e.b IS NOT NULL
  UNION
  SELECT e.a FROM edges e WHERE e.is_unknown
  UNION
  SELECT m.user_id FROM public.memberships m, tenant t WHERE m.tenant_id = t.id
    AND EXISTS (SELECT FROM edges e JOIN reached r ON r.id = e.a WHERE e.is_unknown)
$$;
--> statement-breakpoint
-- Whether the rules as they are now ask for more than an open request of a pipeline was made with: a stage that none of its
-- own stands for (as many people, of no other roles; each stands for one, in their order), other people in each stage, or
-- an end that is past by now or nearer. Rules that cannot be read ask for nothing here: they let no vote be taken at all.
CREATE FUNCTION approval_asks_more(of_request approval_requests, rules approval_settings) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE
  asked record;
  place int := -1;
BEGIN
  IF rules.version IS NULL OR rules.version = of_request.settings_version THEN RETURN false; END IF;
  IF of_request.allow_same_person AND NOT rules.allow_same_person AND jsonb_array_length(rules.stages) > 1 THEN
    RETURN true;
  END IF;
  IF of_request.expires_at > of_request.requested_at + make_interval(hours => rules.expiry_hours) + interval '1 minute' THEN
    RETURN true;
  END IF;
  FOR asked IN SELECT (s.value ->> 'approvers')::int AS approvers,
      ARRAY(SELECT jsonb_array_elements_text(s.value -> 'roles')) AS roles
    FROM jsonb_array_elements(rules.stages) WITH ORDINALITY s (value, at) ORDER BY s.at
  LOOP
    SELECT min(own.stage) INTO place FROM public.approval_stages own
      WHERE own.tenant_id = of_request.tenant_id AND own.request_id = of_request.id AND own.stage > place
        AND own.approvers >= asked.approvers AND own.roles <@ asked.roles;
    IF place IS NULL THEN RETURN true; END IF;
  END LOOP;
  RETURN false;
EXCEPTION WHEN data_exception OR datatype_mismatch THEN
  RETURN false;
END $$;
