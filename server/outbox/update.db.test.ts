// An outbox that an earlier release has filled, brought to this one.
import { expect, it } from 'vitest';
import { databaseBefore } from '#db/testing/index.ts';
import { publishLane, takeLanes } from './index.ts';
import { counting } from './testing/one-lane.ts';

/** The first release whose events carry lane and sizes as they were given, and not as PostgreSQL computes them. */
const GIVEN = 50;
const db = await databaseBefore(GIVEN);

type Kept = { seq: number; status: string; lane: number; row: object };
/** Whole rows, but for a column that a release had for a while. */
const all = () =>
  db.owner<
    Kept[]
  >`select seq::float8 as seq, status, lane, to_jsonb(e) - 'is_claimed' as row from outbox_events e order by seq`;
const sent: number[] = [];

/** Everything that is to be had, by one publisher. */
async function publishAll(): Promise<void> {
  const publisher = counting(sent);
  const options = {
    leaseMs: 60_000,
    batchSize: 7,
    maxAttempts: 5,
    isSweep: true,
    signal: new AbortController().signal,
  };
  for (const hold of await takeLanes(db.worker, { owner: 'new', leaseMs: 60_000, limit: 4, held: [] }))
    while ((await publishLane({ pool: db.worker, publisher }, hold, options)).claimed > 0);
}

it('keeps every event as it was, and what was not published is published, each key in its order', async () => {
  const [tenant] = await db.owner<{ id: string }[]>`insert into tenants (slug, name, schema_name, role_name)
    values ('acme', 'Acme', 'schema_acme', 'role_acme') returning id`;
  // Of each status; those in `processing` are of a publisher that has died. Keys and types at their longest among them.
  await db.owner`insert into outbox_events (tenant_id, type, key, payload, headers, status, claim_token, failed_at)
    select ${tenant!.id}, repeat('t', 1 + n % 200), repeat('ä', 500) || n % 10, jsonb_build_object('n', n),
      case when n % 3 = 0 then '{"a": "b"}' else '{}' end::jsonb, s.status,
      case when s.status = 'processing' then 1 end, case when s.status = 'failed' then now() end
    from generate_series(1, 100) n
    cross join lateral (select (array['published', 'failed', 'discarded', 'processing', 'pending'])[1 + n / 21] as status) s`;
  // One of a month that has no partition.
  await db.owner`update outbox_events set id = '00000000-0000-7000-8000-000000000001'
    where seq = (select max(seq) from outbox_events)`;
  await db.owner`update outbox_lanes set owner = 'old', token = 1, lease_until = now() - interval '1 second'`;
  const before = await all();
  expect(new Set(before.map(({ status }) => status)).size).toBe(5);
  expect(new Set(before.map(({ lane }) => lane)).size).toBeGreaterThan(1);

  await db.update();
  expect(await all()).toEqual(before);
  await publishAll();
  const due = before.filter(({ status }) => ['processing', 'pending'].includes(status)).map(({ seq }) => seq);
  expect([...sent].sort((a, b) => a - b)).toEqual(due);
  for (let key = 0; key < 10; key += 1) {
    const ofKey = sent.filter((n) => n % 10 === key);
    expect(ofKey).toEqual([...ofKey].sort((a, b) => a - b));
  }
  expect((await all()).filter(({ status }) => status === 'published')).toHaveLength(20 + due.length);
});

it('puts new events of a key behind its earlier ones, into the same lane, and publishes them', async () => {
  const [{ last } = { last: 0 }] = await db.owner<
    { last: number }[]
  >`select max(seq)::float8 as last from outbox_events`;
  await db.owner`insert into outbox_events (tenant_id, type, key, payload, lane, payload_bytes, headers_bytes)
    select tenant_id, 'again', key, payload, outbox_lane(tenant_id, key), octet_length(payload::text), 2 from outbox_events`;
  const keys = await db.owner<{ events: number; lanes: number }[]>`
    select count(*)::int as events, count(distinct lane)::int as lanes from outbox_events group by tenant_id, key`;
  expect(keys).toEqual(Array.from({ length: 10 }, () => ({ events: 20, lanes: 1 })));
  const again = await db.owner<
    { seq: number }[]
  >`select min(seq)::float8 as seq from outbox_events where type = 'again'`;
  expect(again[0]!.seq).toBeGreaterThan(last);
  await db.owner`update outbox_lanes set lease_until = now() - interval '1 second'`;
  await publishAll();
  const left = await db.owner`select from outbox_events where type = 'again' and status <> 'published'`;
  expect([sent.length, left.length]).toEqual([100, 0]);
});
