import { sql } from '#db/drizzle.ts';
import type { Tx } from '#server/lib/index.ts';

/**
 * Takes the subject's id off a request that has just ended, where an erasure of the same subject was completed: one that
 * was open then, or was taken later, kept it for its own work. Trigger and hash leave both columns out.
 */
export async function forgetName(
  tx: Tx,
  request: { tenantId: string; id: string; subjectHash: string },
): Promise<void> {
  const { tenantId, id, subjectHash } = request;
  await tx.execute(sql`update dsar_requests r set note = dsar_redact(r.note, r.customer_id), customer_id = null
    where r.tenant_id = ${tenantId} and r.id = ${id} and r.customer_id is not null
      and r.state in ('completed', 'cancelled') and exists (select from dsar_requests e where e.tenant_id = r.tenant_id
        and e.subject_hash = ${subjectHash} and e.kind = 'erase' and e.state = 'completed' and e.id <> r.id)`);
}
