// Where a batch ends: exactly at its limit, and without fetching what lies far behind it.

import { expect, it } from 'vitest';
import { sql } from '#db/drizzle.ts';
import { passHorizon, testDatabase } from '#db/testing/index.ts';
import { query, transaction } from '#server/lib/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import type { BatchLimits } from './batch.ts';
import { type Plan, planBatch } from './checkpoint.ts';
import { PLAN_ROWS } from './config.ts';
import { DATA_SETS } from './data-set.ts';
import { addInteractions } from './testing/index.ts';

const db = await testDatabase();
const interactions = DATA_SETS.find(({ name }) => name === 'interaction_history')!;

/** How many values the transaction has fetched from beside the rows so far: each is a look into a TOAST index. */
const fetchedAside = sql`select coalesce(sum(idx_scan), 0)::int as count from pg_stat_xact_all_tables
  where relid in (select reltoastrelid from pg_class where relname like 'interaction\_history%' and relkind = 'r')`;

/** The plan, and what was fetched for it. */
const planOf = (tenantId: string, limits: BatchLimits): Promise<{ plan: Plan | null; fetched: number }> =>
  transaction(db.worker, { tenantId }, async (tx) => ({
    plan: await planBatch(tx, tenantId, interactions, limits),
    fetched: (await query<{ count: number }>(tx, fetchedAside))[0]!.count,
  }));

it('a plan stops at the limit of bytes and leaves the large contexts behind it where they are', {
  timeout: 120_000,
}, async () => {
  const tenant = await createTenant(db.owner, { slug: 'large', name: 'Large' });
  const rows = PLAN_ROWS * 4;
  // Of random digits, so that they do not shrink and lie beside their rows.
  await db.owner`insert into interaction_history (tenant_id, customer_id, offer_id, channel, interaction_type, context)
    select ${tenant.id}, 'c', 'o', 'web', 'i', jsonb_build_object('text',
      (select string_agg(md5(random()::text || n || part), '') from generate_series(1, 300) part))
    from generate_series(1, ${rows}) n`;
  await passHorizon(db.owner);
  const { plan, fetched } = await planOf(tenant.id, { rows, bytes: 100_000 });
  const ids = await db.owner<{ id: string }[]>`select id from interaction_history where tenant_id = ${tenant.id}
    order by tx, id limit 11`;
  // A row is about 9,900 bytes long: the eleventh is the one that passes the limit.
  expect(plan).toMatchObject({ to: { id: ids[10]!.id }, hasMore: true });
  expect(fetched).toBeGreaterThanOrEqual(11);
  expect(fetched).toBeLessThanOrEqual(PLAN_ROWS);
});

it.each([
  [PLAN_ROWS + 7, PLAN_ROWS + 7, true],
  [PLAN_ROWS * 2, PLAN_ROWS * 2, true],
  [PLAN_ROWS * 5, PLAN_ROWS * 3, false],
])('a plan of at most %i rows takes %i of those that there are', { timeout: 120_000 }, async (most, taken, hasMore) => {
  const tenant = await createTenant(db.owner, { slug: `rows-${most}`, name: 'Rows' });
  await addInteractions(db, tenant.id, PLAN_ROWS * 3);
  const { plan } = await planOf(tenant.id, { rows: most, bytes: 100_000_000 });
  const ids = await db.owner<{ id: string }[]>`select id from interaction_history where tenant_id = ${tenant.id}
    order by tx, id`;
  expect(plan).toMatchObject({ to: { id: ids[taken - 1]!.id }, hasMore });
});
