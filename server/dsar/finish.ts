// The end of an erasure: its receipt, and the subject's name taken off every request that is left of it.
import { sql } from '#db/drizzle.ts';
import type { DsarProgress } from '#db/schema/index.ts';
import { transaction } from '#server/lib/index.ts';
import { dropDetached } from '#server/retention/index.ts';
import { adviceOn } from './advice.ts';
import type { Erasure } from './erase.ts';
import { INVENTORY } from './inventory.ts';
import { erasureStep, type Outcome } from './open-request.ts';
import { listOutside, searchPipelineTables } from './outside.ts';
import { completeRequest } from './receipts.ts';

/** After a pass that found nothing, and only while still no hold lies on the subject. */
export async function completeErasure(erasure: Erasure, progress: DsarProgress): Promise<Outcome> {
  const { deps, tenant, request } = erasure;
  // A month that a purge detached and did not get to drop is in no table that a pass goes over.
  await dropDetached(deps.pool);
  const pipelineTables = await searchPipelineTables(deps.pool, tenant.id, request.customerId);
  const outside = await transaction(deps.pool, { tenantId: tenant.id }, (tx) => listOutside(tx, tenant.id, deps.blobs));
  deps.failPoint('dsar.searched');
  const step = await erasureStep(deps, tenant, request.id, async (tx, now): Promise<Outcome> => {
    await completeRequest(tx, deps, tenant, now, {
      ...{ searchedAt: progress.searchedAt, passes: progress.pass },
      ...{ erased: now.counts, kept: now.kept, possible: now.possible },
      ...{ toDo: adviceOn({ ...now.kept, ...now.possible }), pipelineTables, outside },
      searched: INVENTORY.map(({ table }) => table),
    });
    // Trigger and hash leave these two out: a receipt must not be what keeps the subject's name.
    await tx.execute(sql`update dsar_requests set customer_id = null,
        note = case when id = ${now.id}::uuid then dsar_redact(note, ${now.customerId}) else note end
      where tenant_id = ${tenant.id} and subject_hash = ${now.subjectHash} and customer_id is not null
        and state in ('completed', 'cancelled')`);
    return 'completed';
  });
  deps.failPoint('dsar.completed');
  return 'done' in step ? step.done : step.outcome;
}
