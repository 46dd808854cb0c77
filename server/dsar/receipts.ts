// A receipt says what a request came to, without its subject's id. Its hash covers the hash of the tenant's receipt
// before it; a trigger refuses every change of what it covers.
import { createHash } from 'node:crypto';
import { sql } from '#db/drizzle.ts';
import { recordAudit } from '#server/audit/index.ts';
import type { JobTenant } from '#server/jobs/index.ts';
import { query, queryOne, type Tx } from '#server/lib/index.ts';
import { type DsarDeps, systemCtx } from './deps.ts';
import { forgetName } from './forget-name.ts';
import { type DsarRow, isRequest } from './open-request.ts';

export type DsarReceipt = Record<string, unknown>;

/**
 * SHA-256, in hex, of `[tenantId, number, receipt, previousHash]` as JSON, the receipt's names sorted at every depth.
 * Anybody who has a tenant's receipts can compute it again.
 */
export const dsarReceiptHash = (
  tenantId: string,
  said: { receiptNo: number; receipt: DsarReceipt; previousHash: string | null },
): string =>
  createHash('sha256')
    .update(JSON.stringify([tenantId, said.receiptNo, sorted(said.receipt), said.previousHash]))
    .digest('hex');

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const names = Object.keys(value).sort();
  return Object.fromEntries(names.map((name) => [name, sorted((value as Record<string, unknown>)[name])]));
}

/**
 * Ends a request with its receipt and the audit row that names its hash. `cameTo` is what the receipt says besides whose
 * request it was and when. Call it under the retention lock, which keeps the numbers in line.
 */
export async function completeRequest(
  tx: Tx,
  deps: DsarDeps,
  tenant: JobTenant,
  request: DsarRow,
  cameTo: DsarReceipt,
): Promise<void> {
  const { id, kind, subjectHash } = request;
  const receipt = await writeReceipt(tx, request, {
    ...{ id, kind, subjectHash, requestedBy: request.createdBy },
    ...{ receivedAt: request.createdAt.toISOString(), dueAt: request.dueAt.toISOString() },
    startedAt: request.startedAt?.toISOString() ?? null,
    ...cameTo,
  });
  if (kind === 'access') await forgetName(tx, request);
  await recordAudit(tx, systemCtx(deps, tenant, id), {
    ...{ action: 'dsar.complete', targetKind: 'dsar_request', targetId: id },
    details: { kind, subjectHash, receipt },
  });
}

async function writeReceipt(tx: Tx, request: DsarRow, said: DsarReceipt): Promise<string> {
  const { tenantId, id } = request;
  const [last] = await query<{ no: number; hash: string }>(
    tx,
    sql`select receipt_no as no, hash from dsar_requests where tenant_id = ${tenantId} and receipt_no is not null
      order by receipt_no desc limit 1`,
  );
  const { now } = await queryOne<{ now: string }>(tx, sql`select date_trunc('milliseconds', now()) as now`);
  const finishedAt = new Date(now).toISOString();
  const receipt = { ...said, finishedAt };
  const [receiptNo, previousHash] = [(last?.no ?? 0) + 1, last?.hash ?? null];
  const hash = dsarReceiptHash(tenantId, { receiptNo, receipt, previousHash });
  await tx.execute(sql`update dsar_requests set state = 'completed', finished_at = ${finishedAt}::timestamptz,
      progress = null, error = null, waiting_events = 0, receipt_no = ${receiptNo},
      receipt = ${JSON.stringify(receipt)}::text::jsonb, previous_hash = ${previousHash}, hash = ${hash}
    where ${isRequest(tenantId, id)}`);
  return hash;
}
