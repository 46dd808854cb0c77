import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { runJob, UNCONFIGURED_JOBS } from '#server/cron/index.ts';
import { makeKey, openWeb } from '#server/http/testing/index.ts';
import { createLogger, transaction } from '#server/lib/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { recomputeEngagement } from './index.ts';

const db = await testDatabase();
const web = await openWeb(db);
let tenant: Awaited<ReturnType<typeof createTenant>>;
let other: Awaited<ReturnType<typeof createTenant>>;
let key: string;

beforeAll(async () => {
  tenant = await createTenant(db.owner, { slug: 'acme', name: 'Acme' });
  other = await createTenant(db.owner, { slug: 'other', name: 'Other' });
  key = await makeKey(db, tenant);
});
beforeEach(async () => {
  await db.owner`delete from interaction_outcomes`;
  await db.owner`delete from interaction_history`;
  await db.owner`delete from engagement_scores`;
  await db.owner`delete from engagement_settings`;
});

type Seen = { customer: string; daysAgo: number; outcomes?: string[] };

async function record(tenantId: string, seen: Seen[]): Promise<void> {
  for (const { customer, daysAgo, outcomes = [] } of seen) {
    const [made] = await db.owner`insert into interaction_history
        (tenant_id, customer_id, offer_id, channel, interaction_type, occurred_at)
      values (${tenantId}, ${customer}, 'offer', 'web', 'impression', now() - make_interval(secs => ${daysAgo * 86_400}))
      returning id`;
    for (const outcome of outcomes) {
      await db.owner`insert into interaction_outcomes (tenant_id, interaction_id, customer_id, outcome)
        values (${tenantId}, ${made?.id}, ${customer}, ${outcome})`;
    }
  }
}

const recompute = (tenantId: string) => transaction(db.worker, { tenantId }, (tx) => recomputeEngagement(tx, tenantId));
const scores = async (tenantId: string): Promise<Map<string, { score: number; band: string }>> =>
  new Map(
    (await db.owner`select customer_id, score, band from engagement_scores where tenant_id = ${tenantId}`).map(
      (row) => [String(row.customer_id), { score: Number(row.score), band: String(row.band) }],
    ),
  );

/** The formula again, written from the specification in another language than the statement under test. */
function expected(seen: Seen[], positive: Set<string>): Map<string, number> {
  return new Map(
    [...Map.groupBy(seen, (one) => one.customer)].map(([customer, theirs]) => {
      const outcomes = theirs.flatMap((one) => one.outcomes ?? []);
      const positives = outcomes.filter((name) => positive.has(name.toLowerCase())).length;
      const lastDays = Math.max(0, Math.min(...theirs.map((one) => one.daysAgo)));
      const recent = theirs.filter((one) => one.daysAgo < 90).length;
      const score =
        40 * 2 ** (-lastDays / 30) + 30 * Math.min(1, recent / 10) + (30 * positives) / (outcomes.length + 2);
      return [customer, score];
    }),
  );
}

describe('engagement scores', () => {
  it('equal an independent computation of the formula over 60 customers', async () => {
    const names = ['accepted', 'Rejected', 'PURCHASED', 'ignored'];
    const seen = Array.from({ length: 400 }, (_, i) => ({
      customer: `customer-${(i * 7) % 60}`,
      daysAgo: ((i * 37) % 2_000) / 10 - 1,
      outcomes: names.slice(0, (i * 13) % 5),
    }));
    await record(tenant.id, seen);
    expect(await recompute(tenant.id)).toEqual({ customers: 60, removed: 0 });
    const found = await scores(tenant.id);
    for (const [customer, score] of expected(seen, new Set(['accepted', 'purchased']))) {
      // The test's clock runs on between recording and computing: a minute is 0.001 points at most.
      expect(found.get(customer)?.score, customer).toBeCloseTo(score, 2);
      expect(found.get(customer)?.band, customer).toBe(score >= 70 ? 'hot' : score >= 40 ? 'warm' : 'cold');
    }
  });

  it('follow what is recorded, purged and called positive, and a second computation changes nothing', async () => {
    await record(tenant.id, [
      { customer: 'a', daysAgo: 1, outcomes: ['stayed'] },
      { customer: 'b', daysAgo: 1 },
    ]);
    await recompute(tenant.id);
    const before = (await scores(tenant.id)).get('a')?.score ?? 0;
    await recompute(tenant.id);
    expect((await scores(tenant.id)).get('a')?.score).toBeCloseTo(before, 3);
    const settings = await web.fetch('/api/v1/engagement/settings', {
      method: 'PUT',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ positiveOutcomes: ['Stayed'] }),
    });
    expect(await settings.json()).toEqual({ positiveOutcomes: ['stayed'] });
    await db.owner`delete from interaction_history where customer_id = 'b'`;
    expect(await recompute(tenant.id)).toEqual({ customers: 1, removed: 1 });
    expect((await scores(tenant.id)).get('a')?.score).toBeCloseTo(before + 10, 3);
    expect([...(await scores(tenant.id)).keys()]).toEqual(['a']);
  });

  it('belong to one tenant, and two computations at once agree', async () => {
    await record(tenant.id, [{ customer: 'same', daysAgo: 0 }]);
    await record(other.id, [
      { customer: 'same', daysAgo: 100 },
      { customer: 'theirs', daysAgo: 100 },
    ]);
    await Promise.all([recompute(tenant.id), recompute(tenant.id), recompute(other.id), recompute(other.id)]);
    expect((await scores(tenant.id)).get('same')?.score).toBeCloseTo(43, 2);
    expect((await scores(other.id)).get('same')?.band).toBe('cold');
    const list = await web.fetch('/api/v1/engagement/customers', { headers: { authorization: `Bearer ${key}` } });
    expect(list.status, await list.clone().text()).toBe(200);
    const { items } = (await list.json()) as { items: { customerId: string }[] };
    expect(items.map(({ customerId }) => customerId)).toEqual(['same']);
  });

  it('are listed highest first, a page at a time, and counted by band', async () => {
    await record(
      tenant.id,
      Array.from({ length: 9 }, (_, i) => ({ customer: `c${i}`, daysAgo: i < 4 ? -1 : i * 100 })),
    );
    await recompute(tenant.id);
    const get = async (path: string) =>
      (await web.fetch(`/api/v1/engagement/${path}`, { headers: { authorization: `Bearer ${key}` } })).json();
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page = (await get(`customers?limit=2${cursor ? `&cursor=${cursor}` : ''}`)) as {
        items: { customerId: string }[];
        nextCursor: string | null;
      };
      seen.push(...page.items.map(({ customerId }) => customerId));
      cursor = page.nextCursor;
    }
    expect(seen).toEqual(Array.from({ length: 9 }, (_, i) => `c${i}`));
    expect(await get('summary')).toMatchObject({ customers: 9, bands: { hot: 0, warm: 4, cold: 5 } });
    expect(await get('customers/nobody')).toMatchObject({ code: 'CUSTOMER_NOT_FOUND' });
  });

  it('are computed for every tenant by the job, and a tenant whose computation fails is told apart', async () => {
    await record(tenant.id, [{ customer: 'a', daysAgo: 1 }]);
    await record(other.id, [{ customer: 'b', daysAgo: 1 }]);
    await db.owner.unsafe(`create function refuse_score() returns trigger language plpgsql as
      $$ begin raise exception 'no score for b'; end $$;
      create trigger refuse before insert on engagement_scores for each row when (new.customer_id = 'b')
        execute function refuse_score()`);
    const deps = { pool: db.worker, log: createLogger({ level: 'silent', tier: 'test' }), processId: 'test' };
    const run = () => runJob({ ...deps, config: UNCONFIGURED_JOBS }, 'engagementHealthRecompute', { trigger: 'http' });
    const first = await run();
    expect(first).toMatchObject({ status: 200, outcome: 'partial' });
    expect([...(await scores(tenant.id)).keys()]).toEqual(['a']);
    expect(await scores(other.id)).toEqual(new Map());
    await db.owner`drop trigger refuse on engagement_scores`;
    expect(await run()).toMatchObject({ status: 200, body: { ok: true, tenants: 2, customers: 2 } });
    expect([...(await scores(other.id)).keys()]).toEqual(['b']);
  });
});
