import { createHash } from 'node:crypto';
import { auditLog } from '#db/schema/index.ts';
import type { Tx } from '#server/lib/index.ts';
import { actorName, type Ctx } from '#server/tenancy/index.ts';
import { toKeep, withoutSecrets } from './redact.ts';

export type AuditEntry = {
  /** `room.verb`, the same as the procedure's `audit` metadata. */
  action: string;
  targetKind: string;
  targetId: string;
  /** As it was and as it is now; kept for the page's diff without secrets and bounded, the digests cover all of it. */
  before?: unknown;
  after?: unknown;
  /** Small, and never a secret. */
  details?: Record<string, unknown>;
};

const digest = (value: unknown) =>
  createHash('sha256')
    .update(JSON.stringify(value) ?? '')
    .digest('hex');

/** One side of a change: its digest, and what of it is kept. */
export function sideOf(value: unknown): { digest: string | null; kept: unknown } {
  if (value === undefined) return { digest: null, kept: null };
  const harmless = withoutSecrets(value);
  return { digest: digest(harmless), kept: toKeep(harmless) };
}

/** Writes the audit row in the transaction of the change that it tells of. */
export async function recordAudit(tx: Tx, ctx: Ctx, entry: AuditEntry): Promise<void> {
  const [before, after] = [sideOf(entry.before), sideOf(entry.after)];
  await tx.insert(auditLog).values({
    tenantId: ctx.tenant.id,
    actorKind: ctx.actor.kind,
    actorId: actorName(ctx.actor),
    action: entry.action,
    targetKind: entry.targetKind,
    targetId: entry.targetId,
    beforeDigest: before.digest,
    afterDigest: after.digest,
    before: before.kept,
    after: after.kept,
    details: (toKeep(withoutSecrets(entry.details ?? {})) ?? {}) as Record<string, unknown>,
    requestId: ctx.requestId,
  });
}
