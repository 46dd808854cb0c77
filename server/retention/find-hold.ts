import { sql } from '#db/drizzle.ts';
import { query, type Tx } from '#server/lib/index.ts';

/** A hold, or a policy's legal hold (without an id), in words: what it lies on and why. */
export type HoldInForce = { holdId: string | null; what: string; reason: string };

/**
 * What keeps this subject from being erased: a hold on the subject, on any class, or a class whose policy is on legal
 * hold; null where nothing does. Ask it under lockRetention, in a statement of its own.
 */
export async function findHoldOn(tx: Tx, tenantId: string, customerId: string): Promise<HoldInForce | null> {
  const [hold] = await query<{ id: string | null; dataClass: string | null; reason: string }>(
    tx,
    sql`select h.id, h.data_class as "dataClass", h.reason from retention_holds h
        where h.tenant_id = ${tenantId} and h.released_at is null
          and (h.customer_id = ${customerId} or h.data_class is not null)
      union all
      select null, p.data_class, p.note from retention_policies p where p.tenant_id = ${tenantId} and p.legal_hold
      order by 1 nulls last limit 1`,
  );
  if (!hold) return null;
  const what =
    hold.dataClass === null
      ? 'a hold on this customer'
      : `${hold.id === null ? 'the legal hold of the policy' : 'a hold'} on ${hold.dataClass.replaceAll('_', ' ')}`;
  return { holdId: hold.id, what, reason: hold.reason };
}
