// The end of a request: its receipt, its audit row, and the subject's name taken off everything that is left of it.
import { sql } from 'drizzle-orm';
import type { DsarProgress } from '#db/schema/index.ts';
import { recordAudit } from '#server/audit/index.ts';
import { transaction } from '#server/lib/index.ts';
import { adviceOn } from './advice.ts';
import { systemCtx } from './deps.ts';
import type { Erasure } from './erase.ts';
import { INVENTORY } from './inventory.ts';
import { erasureStep, type Outcome } from './open-request.ts';
import { listOutside, searchPipelineTables } from './outside.ts';
import { writeReceipt } from './receipts.ts';

/** After a pass that found nothing, and only while still no hold lies on the subject. */
export async function completeErasure(erasure: Erasure, progress: DsarProgress): Promise<Outcome> {
  const { deps, tenant, request } = erasure;
  const pipelineTables = await searchPipelineTables(deps.pool, tenant.id, request.customerId);
  const outside = await transaction(deps.pool, { tenantId: tenant.id }, (tx) => listOutside(tx, tenant.id));
  deps.failPoint('dsar.searched');
  const step = await erasureStep(deps, tenant, request.id, async (tx, now): Promise<Outcome> => {
    const said = {
      ...{ id: now.id, kind: now.kind, subjectHash: now.subjectHash, requestedBy: now.createdBy },
      ...{ receivedAt: now.createdAt.toISOString(), dueAt: now.dueAt.toISOString() },
      ...{ startedAt: now.startedAt?.toISOString() ?? null, searchedAt: progress.searchedAt, passes: progress.pass },
      ...{ erased: now.counts, kept: now.kept, possible: now.possible },
      ...{ toDo: adviceOn({ ...now.kept, ...now.possible }), pipelineTables, outside },
      searched: INVENTORY.map(({ table }) => table),
    };
    const hash = await writeReceipt(tx, now, said);
    // Trigger and hash leave these two out: a receipt must not be what keeps the subject's name.
    await tx.execute(sql`update dsar_requests set customer_id = null,
        note = case when id = ${now.id}::uuid then dsar_redact(note, ${now.customerId}) else note end
      where tenant_id = ${tenant.id} and subject_hash = ${now.subjectHash} and customer_id is not null
        and state in ('completed', 'cancelled')`);
    await recordAudit(tx, systemCtx(deps, tenant, now.id), {
      action: 'dsar.complete',
      targetKind: 'dsar_request',
      targetId: now.id,
      details: { kind: now.kind, subjectHash: now.subjectHash, receipt: hash },
    });
    return 'completed';
  });
  deps.failPoint('dsar.completed');
  return 'done' in step ? step.done : step.outcome;
}
