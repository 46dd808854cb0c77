-- An instance operator who is one of the tenant's people is no outsider who only opens doors: whom they let in in that
-- office may be themselves, twice. Who has left is still known to have been there.
ALTER TABLE access_givings DROP CONSTRAINT access_givings_kind_check;--> statement-breakpoint
ALTER TABLE access_givings ADD CONSTRAINT access_givings_kind_check
  CHECK (kind IN ('password', 'membership', 'role', 'left'));--> statement-breakpoint
CREATE INDEX access_givings_left ON access_givings (made_for, user_id) WHERE kind = 'left';--> statement-breakpoint
INSERT INTO access_givings (user_id, made_for, kind, given_by, giver_id, given_at)
  SELECT u.id, a.tenant_id, 'left', a.actor_id, g.id, a.created_at
  FROM audit_log a JOIN users u ON u.id::text = a.target_id LEFT JOIN users g ON g.email = lower(a.actor_id)
  WHERE a.action = 'user.remove' AND a.outcome = 'done' AND a.created_at > now() - interval '70 days';--> statement-breakpoint

-- Dropped and made anew: it belongs to the auth role, whose functions an owner who is no superuser may not replace.
DROP FUNCTION approval_beholden(jsonb, timestamptz);--> statement-breakpoint
-- The people of the transaction's tenant who may be the same person as one of `parties` ([{"name": …, "userId": …}]), by
-- the access that was given since: from the one to the other, or over others in between, in either direction, because
-- whoever set another's password can ask as that person as well as approve. A password that was set by a link of the
-- instance operator's puts an end to what was given before it, and the operator's own giving reaches no further than
-- from giver to given; but neither where that operator is, or was, one of the tenant's people: they give as these do.
-- Where nobody knows who gave, it is anybody.
CREATE FUNCTION approval_beholden(parties jsonb, since timestamptz) RETURNS TABLE (user_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  WITH RECURSIVE tenant AS (
    SELECT nullif(current_setting('mainspring.tenant_id', true), '')::uuid AS id
  ), given AS MATERIALIZED (
    SELECT g.user_id, g.giver_id, g.given_by, g.given_at, g.made_for, g.kind, g.by_instance
      AND NOT EXISTS (SELECT FROM public.memberships m, tenant t WHERE m.tenant_id = t.id AND m.user_id = g.giver_id)
      AND NOT EXISTS (SELECT FROM public.access_givings l, tenant t
        WHERE l.made_for = t.id AND l.user_id = g.giver_id AND l.kind = 'left') AS by_outsider
    FROM public.access_givings g, tenant t
    WHERE g.given_at >= since AND g.kind <> 'left' AND (g.made_for = t.id OR g.made_for IS NULL)
  ), edges AS MATERIALIZED (
    SELECT g.user_id AS a, g.giver_id AS b, g.by_outsider,
      g.giver_id IS NULL AND g.given_by NOT LIKE 'system:%' AS is_unknown
    FROM given g, tenant t
    WHERE g.giver_id IS DISTINCT FROM g.user_id
      AND (g.made_for = t.id OR EXISTS (
        SELECT FROM public.memberships m WHERE m.tenant_id = t.id AND m.user_id = g.user_id))
      AND NOT EXISTS (SELECT FROM given o WHERE o.user_id = g.user_id AND o.kind = 'password'
        AND o.by_outsider AND o.given_at > g.given_at)
  ), party AS MATERIALIZED (
    SELECT p."userId" AS id FROM jsonb_to_recordset(parties) AS p ("userId" uuid) WHERE p."userId" IS NOT NULL
    UNION
    SELECT u.id FROM jsonb_to_recordset(parties) AS p (name text) JOIN public.users u ON u.email = lower(p.name)
  ), reached (id) AS (
    SELECT party.id FROM party
    UNION
    SELECT CASE WHEN e.a = r.id THEN e.b ELSE e.a END
    FROM reached r JOIN edges e ON r.id IN (e.a, e.b) AND NOT e.by_outsider AND NOT e.is_unknown AND e.b IS NOT NULL
  )
  SELECT r.id FROM reached r WHERE r.id NOT IN (SELECT party.id FROM party)
  UNION
  SELECT CASE WHEN e.a = p.id THEN e.b ELSE e.a END FROM party p JOIN edges e ON p.id IN (e.a, e.b)
    WHERE e.by_outsider AND e.b IS NOT NULL
  UNION
  SELECT e.a FROM edges e WHERE e.is_unknown
  UNION
  SELECT m.user_id FROM public.memberships m, tenant t WHERE m.tenant_id = t.id
    AND EXISTS (SELECT FROM edges e JOIN reached r ON r.id = e.a WHERE e.is_unknown)
$$;
