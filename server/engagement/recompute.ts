import { sql } from '#db/drizzle.ts';
import { queryOne, type Tx } from '#server/lib/index.ts';
import { bandOf, DEFAULT_POSITIVE_OUTCOMES, scoreOf, WINDOW_DAYS } from './formula.ts';

export type Recomputed = { customers: number; removed: number };

/**
 * Computes the score of every customer of a tenant from what is recorded now, in one statement; customers without
 * an interaction left lose theirs. Twice is as good as once, and
 * two at a time wait for each other on the tenant's settings row.
 */
export async function recomputeEngagement(tx: Tx, tenantId: string): Promise<Recomputed> {
  await tx.execute(sql`insert into engagement_settings (tenant_id) values (${tenantId}) on conflict do nothing`);
  await tx.execute(sql`select 1 from engagement_settings where tenant_id = ${tenantId} for update`);
  const defaults = sql`array[${sql.join(
    DEFAULT_POSITIVE_OUTCOMES.map((name) => sql`${name}`),
    sql`, `,
  )}]::text[]`;
  const score = scoreOf(
    sql`now()`,
    sql`i.last_at`,
    sql`i.recent`,
    sql`coalesce(o.positive, 0)`,
    sql`coalesce(o.total, 0)`,
  );
  const row = await queryOne<{ customers: string; removed: string }>(
    tx,
    sql`with positive as materialized (
        select coalesce((select positive_outcomes from engagement_settings where tenant_id = ${tenantId}), ${defaults})
          as names
      ), i as (
        select customer_id, max(occurred_at) as last_at,
          count(*) filter (where occurred_at > now() - make_interval(days => ${WINDOW_DAYS})) as recent
        from interaction_history where tenant_id = ${tenantId} group by customer_id
      ), o as (
        select customer_id, count(*) as total,
          count(*) filter (where lower(outcome) = any((select names from positive)::text[])) as positive
        from interaction_outcomes where tenant_id = ${tenantId} group by customer_id
      ), scored as (
        select i.customer_id, ${score} as score, i.last_at, i.recent,
          coalesce(o.total, 0) as total, coalesce(o.positive, 0) as positive
        from i left join o using (customer_id)
      ), written as (
        insert into engagement_scores (tenant_id, customer_id, score, band, last_interaction_at,
          interactions_90_days, outcomes, positive_outcomes, computed_at)
        select ${tenantId}, customer_id, score, ${bandOf(sql`score`)}, last_at, recent, total, positive, now()
        from scored
        on conflict (tenant_id, customer_id) do update set score = excluded.score, band = excluded.band,
          last_interaction_at = excluded.last_interaction_at, interactions_90_days = excluded.interactions_90_days,
          outcomes = excluded.outcomes, positive_outcomes = excluded.positive_outcomes,
          computed_at = excluded.computed_at
        returning 1
      ), gone as (
        delete from engagement_scores e where e.tenant_id = ${tenantId}
          and not exists (select 1 from scored s where s.customer_id = e.customer_id)
        returning 1
      ), noted as (
        update engagement_settings set computed_at = now(), customers = (select count(*) from scored),
          duration_ms = extract(epoch from clock_timestamp() - now()) * 1000
        where tenant_id = ${tenantId}
      )
      select (select count(*) from scored) as customers, (select count(*) from gone) as removed`,
  );
  return { customers: Number(row.customers), removed: Number(row.removed) };
}
