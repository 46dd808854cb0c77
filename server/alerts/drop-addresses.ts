import { sql } from '#db/drizzle.ts';
import { query, type Tx } from '#server/lib/index.ts';

/**
 * Deletes the sealed addresses that no rule, no report schedule and no notification that is still to be sent names; of
 * `ids` alone, where they are given. Who changes a rule or a schedule holds its row: whatever told of it meanwhile is
 * seen here.
 * @returns how many
 */
export async function dropUnusedAddresses(tx: Tx, tenantId: string, ids?: readonly string[]): Promise<number> {
  if (ids?.length === 0) return 0;
  const among = ids ? sql`and a.id in (select jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb)::uuid)` : sql``;
  const named = sql`jsonb_build_array(jsonb_build_object('id', a.id::text))`;
  const gone = await query(
    tx,
    sql`delete from webhook_addresses a where a.tenant_id = ${tenantId} ${among}
        and not exists (select from alert_rules r where r.tenant_id = ${tenantId} and r.channels @> ${named})
        and not exists (select from report_schedules s where s.tenant_id = ${tenantId} and s.channels @> ${named})
        and not exists (select from alert_deliveries d where d.tenant_id = ${tenantId} and d.status = 'pending'
          and d.channel ->> 'id' = a.id::text)
      returning 1`,
  );
  return gone.length;
}
