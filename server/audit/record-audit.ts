import { createHash } from 'node:crypto';
import { auditLog } from '#db/schema/index.ts';
import type { Tx } from '#server/lib/index.ts';
import { actorName, type Ctx } from '#server/tenancy/index.ts';

export type AuditEntry = {
  /** `room.verb`, the same as the procedure's `audit` metadata. */
  action: string;
  targetKind: string;
  targetId: string;
  /** Only their digests are stored. */
  before?: unknown;
  after?: unknown;
  /** Small, and never a secret. */
  details?: Record<string, unknown>;
};

const digest = (value: unknown) => createHash('sha256').update(JSON.stringify(value)).digest('hex');

/** Writes the audit row in the transaction of the change that it tells of. */
export async function recordAudit(tx: Tx, ctx: Ctx, entry: AuditEntry): Promise<void> {
  await tx.insert(auditLog).values({
    tenantId: ctx.tenant.id,
    actorKind: ctx.actor.kind,
    actorId: actorName(ctx.actor),
    action: entry.action,
    targetKind: entry.targetKind,
    targetId: entry.targetId,
    beforeDigest: entry.before === undefined ? null : digest(entry.before),
    afterDigest: entry.after === undefined ? null : digest(entry.after),
    details: entry.details ?? {},
    requestId: ctx.requestId,
  });
}
