// Where tests put events by SQL, with only those columns that they care about: `insert into testing.events (tenant_id, type, key, payload)`.
// Whoever stores events gives lane and sizes. This view is as slow as a row trigger, so benches give them as well.
export const GIVEN_EVENTS = `
  create schema testing;
  create view testing.events with (security_invoker) as select * from outbox_events;
  alter view testing.events alter id set default ms_uuid(), alter available_at set default now(), alter created_at set default now(),
    alter updated_at set default now(), alter status set default 'pending', alter attempts set default 0,
    alter requeue_count set default 0, alter headers set default '{}';
  create function testing.store_event() returns trigger language plpgsql as $$
  begin
    insert into outbox_events (tenant_id, id, type, key, payload, headers, lane, payload_bytes, headers_bytes, status, attempts, requeue_count,
      claim_token, available_at, created_at, updated_at, published_at, failed_at, last_error, error_id)
    values (new.tenant_id, new.id, new.type, new.key, new.payload, new.headers, outbox_lane(new.tenant_id, new.key),
      octet_length(new.payload::text), octet_length(new.headers::text), new.status, new.attempts, new.requeue_count, new.claim_token,
      new.available_at, new.created_at, new.updated_at, new.published_at, new.failed_at, new.last_error, new.error_id);
    return new;
  end $$;
  create trigger store_event instead of insert on testing.events for each row execute function testing.store_event();
  grant usage on schema testing to public;
  grant insert on testing.events to public;
`;
