-- How old the oldest row of any active tenant is that no export has taken: for a gauge that grows also while no job
-- runs, and for tenants whose export fails. Null where nothing was ever exported. No serving role sees other tenants'
-- interactions, so it is the owner's; it finds each tenant's by one look at the index of its cursor.
CREATE FUNCTION export_behind_seconds() RETURNS float8
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT CASE WHEN EXISTS (SELECT FROM public.export_checkpoints) THEN
    coalesce(extract(epoch FROM clock_timestamp() - min(least(i.created_at, o.created_at)))::float8, 0) END
  FROM public.tenants t
  LEFT JOIN LATERAL (
    SELECT r.created_at FROM public.interaction_history r
    WHERE r.tenant_id = t.id AND (r.tx, r.id) > (
      coalesce((SELECT c.tx FROM public.export_checkpoints c WHERE c.tenant_id = t.id AND c.data_set = 'interaction_history'), '0'),
      coalesce((SELECT c.last_id FROM public.export_checkpoints c WHERE c.tenant_id = t.id AND c.data_set = 'interaction_history'),
        '00000000-0000-0000-0000-000000000000'))
    ORDER BY r.tx, r.id LIMIT 1) i ON true
  LEFT JOIN LATERAL (
    SELECT r.created_at FROM public.interaction_outcomes r
    WHERE r.tenant_id = t.id AND (r.tx, r.id) > (
      coalesce((SELECT c.tx FROM public.export_checkpoints c WHERE c.tenant_id = t.id AND c.data_set = 'interaction_outcomes'), '0'),
      coalesce((SELECT c.last_id FROM public.export_checkpoints c WHERE c.tenant_id = t.id AND c.data_set = 'interaction_outcomes'),
        '00000000-0000-0000-0000-000000000000'))
    ORDER BY r.tx, r.id LIMIT 1) o ON true
  WHERE t.status = 'active'
$$;
