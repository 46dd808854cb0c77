-- What alert rules count of the ledger, by when it became known: a missed stretch is due hours before somebody comes to
-- write it down. Partial: what fires on time, nearly every row, is not in it.
CREATE INDEX occurrences_known ON occurrences (tenant_id, decided_at)
  WHERE verdict IN ('missed_window', 'capped', 'coalesced', 'late');--> statement-breakpoint

-- When all rules were last evaluated and what was due was sent, by whichever process. Null: never.
ALTER TABLE alert_loop ADD COLUMN turned_at timestamptz(3);--> statement-breakpoint

-- Since when the longest waiting notification of all tenants is due; null: none waits. One that waits for its next try,
-- or that somebody is sending, is not due. Row security hides deliveries from who has named no tenant.
CREATE FUNCTION alert_oldest_due() RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT min(d.next_attempt_at) FROM public.alert_deliveries d WHERE d.status = 'pending' AND d.next_attempt_at <= now()
$$;
