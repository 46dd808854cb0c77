import { sql } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import { beforeAll, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { connectionOf, transaction } from '#server/lib/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { headStatement } from './claim.ts';

const db = await testDatabase();
const tenants: string[] = [];

beforeAll(async () => {
  for (const slug of ['one', 'two', 'held']) tenants.push((await createTenant(db.owner, { slug, name: slug })).id);
  await db.owner`insert into outbox_events (tenant_id, type, key, payload, status)
    select (${tenants}::uuid[])[1 + n % 2], 'a.v1', 'k' || n, '{}', case when n <= 30000 then 'published' else 'pending' end
    from generate_series(1, 40000) n`;
  await db.owner`insert into outbox_events (tenant_id, type, key, payload)
    select ${tenants[2]!}, 'a.v1', 'k' || n, '{}' from generate_series(1, 5000) n`;
});

type Plan = { 'Shared Hit Blocks': number; 'Shared Read Blocks': number };

/** Blocks that one page of a lane's head costs, by the plan that a connection keeps for any values. */
const cost = (from: number) =>
  transaction(db.worker, {}, async (tx) => {
    await tx.execute(sql`set local plan_cache_mode = force_generic_plan`);
    const { sql: text, params } = new PgDialect().sqlToQuery(headStatement(0, from, 501));
    await connectionOf(tx).unsafe(`prepare head as ${text}`);
    const [row] = await connectionOf(tx).unsafe<{ 'QUERY PLAN': [{ Plan: Plan }] }[]>(
      `explain (analyze, buffers, format json) execute head (${params.join(', ')})`,
    );
    await tx.execute(sql`deallocate head`);
    const { Plan: plan } = row!['QUERY PLAN'][0];
    return plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
  });

it('reads the head of a lane by its index, whatever lies below it and whether somebody is stopped', async () => {
  const [{ seq } = { seq: 0 }] = await db.owner<{ seq: number }[]>`
    select max(seq)::float8 as seq from outbox_events where status = 'published'`;
  // Before and after PostgreSQL has counted the tables.
  expect(await cost(seq)).toBeLessThan(3_000);
  await db.owner`analyze outbox_events, tenant_stops, instance_stops`;
  expect(await cost(seq)).toBeLessThan(3_000);
  await db.owner`insert into tenant_stops (tenant_id, reason, running, holds_publishing, stopped_by)
    values (${tenants[2]!}, 'held', 'leave', true, 'test')`;
  expect(await cost(seq)).toBeLessThan(3_000);
});
