// Blobs go after the commit that deleted their rows, never inside a transaction. Until each is gone its note stays in
// retention_blobs, and the request is not completed.
import { sql } from '#db/drizzle.ts';
import { query, transaction } from '#server/lib/index.ts';
import { inTenant } from './deps.ts';
import type { Erasure } from './erase.ts';
import { keepCount } from './progress.ts';

const BLOBS = 200;

/** @throws what the store says of a blob that cannot be deleted. */
export async function eraseBlobs({ deps, tenant, request }: Erasure): Promise<void> {
  for (;;) {
    deps.signal.throwIfAborted();
    const noted = await transaction(deps.pool, { tenantId: tenant.id }, (tx) =>
      query<{ location: string; isUsed: boolean }>(
        tx,
        sql`select b.location, exists (select from ai_attachments a
            where a.tenant_id = b.tenant_id and a.location = b.location) as "isUsed"
          from retention_blobs b where b.tenant_id = ${tenant.id} and b.purge_id = ${request.id}
          order by b.location limit ${BLOBS}`,
      ),
    );
    if (noted.length === 0) return;
    // Another row at the same location keeps the blob.
    for (const { location, isUsed } of noted) if (!isUsed) await deps.blobs.delete(location);
    deps.failPoint('dsar.blob');
    const settled = JSON.stringify(noted.map(({ location }) => location));
    await inTenant(deps, tenant.id, async (tx) => {
      const gone = await query(
        tx,
        sql`delete from retention_blobs where tenant_id = ${tenant.id} and purge_id = ${request.id}
          and location in (select jsonb_array_elements_text(${settled}::text::jsonb)) returning 1 as one`,
      );
      await keepCount(tx, request, 'blobs', gone.length);
    });
  }
}
