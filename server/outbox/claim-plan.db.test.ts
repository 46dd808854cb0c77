import { beforeAll, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { headStatement } from './head.ts';
import { newsStatement } from './news.ts';
import { lookOnlyAfter } from './sight.ts';
import { startProgress } from './states.ts';
import { turnStatement } from './take-turn.ts';
import { takeLane } from './testing/one-lane.ts';
import { costIn } from './testing/statement-cost.ts';

const db = await testDatabase();
const tenants: string[] = [];

beforeAll(async () => {
  for (const slug of ['one', 'two', 'held']) tenants.push((await createTenant(db.owner, { slug, name: slug })).id);
  await db.owner`insert into testing.events (tenant_id, type, key, payload, status)
    select (${tenants}::uuid[])[1 + n % 2], 'a.v1', 'k' || n, '{}', (case when n <= 30000 then 'published' else 'pending' end)::outbox_status
    from generate_series(1, 40000) n`;
  await db.owner`insert into testing.events (tenant_id, type, key, payload)
    select ${tenants[2]!}, 'a.v1', 'k' || n, '{}' from generate_series(1, 5000) n`;
});

const cost = costIn(db.worker);
const headCost = (from: number) => cost(headStatement(0, lookOnlyAfter(from), 501));

it('reads the head of a lane by its index, whatever lies below it and whether somebody is stopped', async () => {
  const [{ seq } = { seq: 0 }] = await db.owner<{ seq: number }[]>`
    select max(seq)::float8 as seq from outbox_events where status = 'published'`;
  // Before and after PostgreSQL has counted the tables.
  expect(await headCost(seq)).toBeLessThan(3_000);
  await db.owner`analyze outbox_events, tenant_stops, instance_stops`;
  expect(await headCost(seq)).toBeLessThan(3_000);
  await db.owner`insert into tenant_stops (tenant_id, reason, running, holds_publishing, stopped_by)
    values (${tenants[2]!}, 'held', 'leave', true, 'test')`;
  expect(await headCost(seq)).toBeLessThan(3_000);
});

it.each(['kept', 'its own'] as const)(
  'takes a turn by the lane’s index, at a few blocks a row (plan: %s), whatever lies below it',
  async (plan) => {
    await db.owner`delete from tenant_stops`;
    const [{ seq } = { seq: 0 }] = await db.owner<{ seq: number }[]>`
    select max(seq)::float8 as seq from outbox_events where status = 'published'`;
    const hold = await takeLane(db.worker, 'plan');
    const turn = turnStatement(hold, lookOnlyAfter(seq), { leaseMs: 60_000, batchSize: 500, sent: null });
    const turnCost = () => cost(turn, plan);
    await expect(turnCost()).resolves.toBeGreaterThan(500);
    expect(await turnCost()).toBeLessThan(5_000);
    await db.owner`analyze outbox_events`;
    expect(await turnCost()).toBeLessThan(5_000);
  },
);

it('looks for news of four lanes by their index, at a few blocks each, whatever lies below and above', async () => {
  const [{ seq } = { seq: 0 }] = await db.owner<{ seq: number }[]>`
    select max(seq)::float8 as seq from outbox_events where status = 'published'`;
  const newsCost = (sight = startProgress(0).sight) =>
    cost(
      newsStatement(
        [0, 1, 2, 3].map((lane) => ({
          ...{ lane, progress: { ...startProgress(seq), cursor: seq, sight }, turns: new Set<bigint>() },
        })),
      ),
    );
  // Four lanes of 64 rows at most, by the few levels of each partition's index.
  await expect(newsCost()).resolves.toBeGreaterThan(4);
  expect(await newsCost()).toBeLessThan(1_000);
  const open = Array.from({ length: 200 }, (_, n) => BigInt(1_000_000_000 + n));
  expect(await newsCost({ open, next: 2_000_000_000n, marks: [{ xid: 0n, place: seq }] })).toBeLessThan(1_000);
});
