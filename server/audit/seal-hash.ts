// The chain's arithmetic, done here and not by the database, so that a check trusts nothing there but the rows.
import { createHash } from 'node:crypto';
import { type SQL, sql } from '#db/drizzle.ts';

/** Stands in front of everything hashed; another form of the row gets another name. */
const FORM = 'mainspring.audit.1';

/** The hash before a tenant's first. */
export const GENESIS = Buffer.alloc(32);

/**
 * The row `a` of audit_log as an array of texts, what sealHash takes: every column, as text that is the same on every
 * server (instants as milliseconds, JSON as jsonb prints it).
 */
export const sealedTexts: SQL = sql`array[a.id::text, a.tx::text, a.actor_kind, a.actor_id, a.action, a.outcome,
  a.target_kind, a.target_id, a.before_digest, a.after_digest, a.details::text, a.request_id,
  (extract(epoch from a.created_at) * 1000)::bigint::text, a.before::text, a.after::text]`;

/** The hash of a place in the chain: over the hash before it, the tenant, the place and all of the row. */
export function sealHash(before: Buffer, tenantId: string, seq: number, texts: readonly (string | null)[]): Buffer {
  // A JSON list is unambiguous: no text can pass for the end of another.
  const content = JSON.stringify([FORM, before.toString('hex'), tenantId, seq, ...texts]);
  return createHash('sha256').update(content, 'utf8').digest();
}
