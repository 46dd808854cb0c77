import type { Pool } from '#db/client.ts';

/** Where one backend's time went while it had a statement, or a transaction, under way. Milliseconds. */
export type Waits = { longest: Record<string, number>; total: Record<string, number> };

const SLICE_MS = 500;
/**
 * Looks every two milliseconds, inside the server, so that the bench's own process takes no part in what is seen. A key
 * is what it waits for: `Lock …`, `LWLock …`, `IO …`; `running` has or waits for a core, `client` waits for its client.
 */
const SAMPLER = `create or replace function pg_temp.waits_of(target int) returns table (key text, total_ms float8, longest_ms float8)
language plpgsql as $$
declare
  ends timestamptz := clock_timestamp() + interval '${SLICE_MS} milliseconds';
  seen record; key_now text; key_before text := ''; since timestamptz; before timestamptz := clock_timestamp(); at timestamptz;
  total jsonb := '{}'; longest jsonb := '{}';
begin
  while clock_timestamp() < ends loop
    perform pg_stat_clear_snapshot();
    select state, wait_event_type as kind, wait_event as event into seen from pg_stat_get_activity(target);
    at := clock_timestamp();
    key_now := case when seen.state is null or seen.state = 'idle' then 'idle'
      when seen.state <> 'active' or seen.kind = 'Client' then 'client'
      when seen.kind is null then 'running' else seen.kind || ' ' || seen.event end;
    if key_now is distinct from key_before then since := before; end if;
    total := jsonb_set(total, array[key_now], to_jsonb(coalesce((total ->> key_now)::float8, 0) + extract(epoch from at - before) * 1000));
    longest := jsonb_set(longest, array[key_now],
      to_jsonb(greatest(coalesce((longest ->> key_now)::float8, 0), extract(epoch from at - since)::float8 * 1000)));
    key_before := key_now; before := at;
    perform pg_sleep(0.002);
  end loop;
  return query select t.key, t.value::float8, (longest ->> t.key)::float8 from jsonb_each_text(total) t;
end $$`;

/** Watches the backend `pid` by a connection of its own until it is stopped. `pool` must have one connection. */
export async function watchWaits(pool: Pool, pid: number): Promise<{ stop(): Promise<Waits> }> {
  await pool.unsafe(SAMPLER);
  const waits: Waits = { longest: {}, total: {} };
  let isOn = true;
  const going = (async () => {
    while (isOn)
      for (const { key, total_ms, longest_ms } of await pool.unsafe<
        { key: string; total_ms: number; longest_ms: number }[]
      >(`select * from pg_temp.waits_of(${pid})`)) {
        waits.total[key] = (waits.total[key] ?? 0) + total_ms;
        waits.longest[key] = Math.max(waits.longest[key] ?? 0, longest_ms);
      }
  })();
  return {
    async stop() {
      isOn = false;
      await going;
      return waits;
    },
  };
}

/** The longest stretch, and the sum, of what begins with `kind`. */
export function waitsFor(waits: Waits, kind: string): { longestMs: number; totalMs: number } {
  const of = (what: Record<string, number>) =>
    Object.entries(what).flatMap(([key, ms]) => (key.startsWith(kind) ? [ms] : []));
  return { longestMs: Math.max(0, ...of(waits.longest)), totalMs: of(waits.total).reduce((sum, ms) => sum + ms, 0) };
}
