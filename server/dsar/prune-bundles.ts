// The files of access requests: gone when they have expired, when their subject is erased, or when nobody knows of them.
import { sql } from '#db/drizzle.ts';
import { query, type Tx } from '#server/lib/index.ts';
import { type DsarDeps, inTenant } from './deps.ts';
import type { OpenRow } from './open-request.ts';

/**
 * Deletes every file of the tenant's bundles but those that can be downloaded and the one that is being written.
 * Returns how many. One that a process leaves behind, or writes after its lease was lost, has no row: it goes as well.
 */
export async function pruneBundles(deps: DsarDeps, tenantId: string): Promise<number> {
  const keys: string[] = [];
  for await (const key of deps.blobs.list(`dsar/${tenantId}`)) keys.push(key);
  // Asked after the listing: a file's row is there before the file is.
  const kept = new Set(await inTenant(deps, tenantId, (tx) => listKept(tx, tenantId)));
  let deleted = 0;
  for (const key of keys) {
    if (kept.has(key)) continue;
    deps.signal.throwIfAborted();
    await deps.blobs.delete(key);
    deleted += 1;
  }
  await inTenant(deps, tenantId, (tx) =>
    tx.execute(sql`update dsar_bundles set deleted_at = clock_timestamp(), link_hash = null, link_expires_at = null
      where tenant_id = ${tenantId} and deleted_at is null and not is_writing and expires_at <= transaction_timestamp()`),
  );
  return deleted;
}

async function listKept(tx: Tx, tenantId: string): Promise<string[]> {
  const rows = await query<{ location: string }>(
    tx,
    sql`select b.location from dsar_bundles b join dsar_requests r on r.tenant_id = b.tenant_id and r.id = b.request_id
      where b.tenant_id = ${tenantId} and b.deleted_at is null and case when b.is_writing then r.state = 'running'
        else b.expires_at > clock_timestamp() end`,
  );
  return rows.map(({ location }) => location);
}

/** What a subject was given before it was erased is a copy of what is erased. */
export async function expireBundlesOf(tx: Tx, { tenantId, subjectHash }: OpenRow): Promise<void> {
  await tx.execute(sql`update dsar_bundles b set expires_at = least(b.expires_at, date_trunc('milliseconds', clock_timestamp()))
    from dsar_requests r where b.tenant_id = ${tenantId} and b.deleted_at is null
      and r.tenant_id = b.tenant_id and r.id = b.request_id and r.subject_hash = ${subjectHash}`);
}
