// The files of access requests: gone when they have expired, or when their subject is erased.
import { sql } from 'drizzle-orm';
import { query, type Tx, transaction } from '#server/lib/index.ts';
import type { DsarDeps } from './deps.ts';
import type { OpenRow } from './open-request.ts';

/** Deletes the files that have expired. Returns how many; one that cannot be deleted stays for the next time. */
export async function pruneBundles(deps: DsarDeps, tenantId: string): Promise<number> {
  const expired = await transaction(deps.pool, { tenantId }, (tx) =>
    query<{ id: string; location: string }>(
      tx,
      sql`select request_id as id, location from dsar_bundles where tenant_id = ${tenantId}
        and expires_at <= clock_timestamp() and deleted_at is null`,
    ),
  );
  for (const { id, location } of expired) {
    deps.signal.throwIfAborted();
    await deps.blobs.delete(location);
    await transaction(deps.pool, { tenantId }, (tx) =>
      tx.execute(sql`update dsar_bundles set deleted_at = clock_timestamp(), link_hash = null, link_expires_at = null
        where tenant_id = ${tenantId} and request_id = ${id}`),
    );
  }
  return expired.length;
}

/** What a subject was given before it was erased is a copy of what is erased. */
export async function expireBundlesOf(tx: Tx, { tenantId, subjectHash }: OpenRow): Promise<void> {
  await tx.execute(sql`update dsar_bundles b set expires_at = least(b.expires_at, clock_timestamp())
    from dsar_requests r where b.tenant_id = ${tenantId} and b.deleted_at is null
      and r.tenant_id = b.tenant_id and r.id = b.request_id and r.subject_hash = ${subjectHash}`);
}
