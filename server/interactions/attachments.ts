// Attachments of interactions: a row, and a blob in the installation's store. The blob is written before the
// transaction, under a name of its own, and announced before it is written, so that one whose transaction failed is
// found and deleted later without listing the store.
import { createHash } from 'node:crypto';
import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import type { BlobStore } from '#server/files/index.ts';
import {
  databaseClock,
  type Logger,
  logError,
  newId,
  query,
  ServiceError,
  type Tx,
  transaction,
} from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import type { AttachmentInput } from './schemas.ts';

export type StoredAttachment = {
  id: string;
  name: string;
  contentType: string;
  sizeBytes: number;
  sha256: string;
  /** The blob's key in the store. */
  location: string;
};

/** A transaction that stores a blob later than this after it was announced fails. */
const ORPHAN_AFTER = '1 hour';
const SWEEP_BATCH = 500;

let store: BlobStore | null = null;

/** Where this process keeps attachments; called once at boot. */
export const keepAttachmentsIn = (blobs: BlobStore | null): void => {
  store = blobs;
};

/**
 * Writes the blobs; call it outside any transaction, and saveAttachments in the one that stores the rest.
 * @throws ServiceError ATTACHMENT_STORE_UNAVAILABLE
 */
export async function storeAttachments(
  ctx: Pick<Ctx, 'pool' | 'tenant' | 'log'>,
  attachments: readonly AttachmentInput[],
): Promise<StoredAttachment[]> {
  if (attachments.length === 0) return [];
  const blobs = store;
  if (blobs === null) throw new ServiceError('ATTACHMENT_STORE_UNAVAILABLE', 'this process has no attachment store');
  const contents = attachments.map(({ contentBase64 }) => Buffer.from(contentBase64, 'base64'));
  const stored = attachments.map(({ name, contentType }, i): StoredAttachment => {
    const id = newId();
    const content = contents[i] ?? Buffer.alloc(0);
    return {
      ...{ id, name, contentType, sizeBytes: content.length, location: `attachments/${ctx.tenant.id}/${id}` },
      sha256: createHash('sha256').update(content).digest('hex'),
    };
  });
  await transaction(ctx.pool, { tenantId: ctx.tenant.id }, (tx) =>
    tx.execute(sql`insert into attachment_blobs (tenant_id, location)
      select ${ctx.tenant.id}, jsonb_array_elements_text(${locationsOf(stored)}::jsonb)`),
  );
  try {
    await Promise.all(stored.map(({ location }, i) => blobs.put(location, contents[i] ?? Buffer.alloc(0))));
  } catch (error) {
    logError(ctx.log, error, 'attachments could not be stored');
    throw new ServiceError('ATTACHMENT_STORE_UNAVAILABLE', undefined, undefined, { cause: error });
  }
  return stored;
}

/** Stores the rows of blobs that are written, in the caller's transaction. */
export async function saveAttachments(
  tx: Tx,
  owner: { tenantId: string; interactionId: string; customerId: string },
  stored: readonly StoredAttachment[],
): Promise<void> {
  if (stored.length === 0) return;
  const arrived = await query(
    tx,
    sql`delete from attachment_blobs where tenant_id = ${owner.tenantId} and swept_at is null
      and location = any (array(select jsonb_array_elements_text(${locationsOf(stored)}::jsonb))) returning 1 as one`,
  );
  if (arrived.length !== stored.length)
    throw new ServiceError(
      'ATTACHMENT_STORE_UNAVAILABLE',
      'an attachment was taken for an orphan meanwhile; send it again',
    );
  await tx.execute(sql`insert into ai_attachments
      (tenant_id, id, interaction_id, customer_id, name, content_type, size_bytes, sha256, location)
    select ${owner.tenantId}, a.id, ${owner.interactionId}, ${owner.customerId}, a.name, a."contentType", a."sizeBytes", a.sha256, a.location
    from jsonb_to_recordset(${JSON.stringify(stored)}::jsonb)
      as a(id uuid, name text, "contentType" text, "sizeBytes" bigint, sha256 text, location text)`);
}

/**
 * Deletes blobs of a tenant that were announced an hour ago and never came to a row, until none is left or the time `isOver`;
 * at least one. What cannot be deleted is logged, not tried again by this run, and comes after all others in the next one.
 */
export async function sweepOrphanBlobs(
  deps: { pool: Pool; log: Logger; blobs: BlobStore },
  tenantId: string,
  isOver: () => boolean,
): Promise<{ deleted: number; isUnfinished: boolean }> {
  const startedAt = await transaction(deps.pool, { tenantId }, (tx) => databaseClock.now(tx));
  for (let deleted = 0; ; ) {
    const orphans = await takeOrphans(deps.pool, tenantId, startedAt);
    const tried = await deleteBlobs(deps, orphans, isOver);
    await settleOrphans(deps.pool, tenantId, tried);
    deleted += tried.gone.length;
    const isAllTried = tried.gone.length + tried.stuck.length === orphans.length;
    if (isAllTried && orphans.length < SWEEP_BATCH) return { deleted, isUnfinished: false };
    if (!isAllTried || isOver()) return { deleted, isUnfinished: true };
  }
}

/**
 * The next ones to try, in order: those that no run has tried, then those that were stuck, the longest ago first; none that this run
 * has found stuck. Of two sweeps and a late transaction one has the row; blobs go after the commit that says so.
 */
async function takeOrphans(pool: Pool, tenantId: string, startedAt: Date): Promise<string[]> {
  const rows = await transaction(pool, { tenantId }, (tx) =>
    query<{ location: string }>(
      tx,
      sql`with taken as (select location, swept_at from attachment_blobs where tenant_id = ${tenantId}
            and written_at < clock_timestamp() - ${ORPHAN_AFTER}::interval
            and (swept_at is null or swept_at < ${startedAt.toISOString()}::timestamptz)
          order by swept_at nulls first, location limit ${SWEEP_BATCH} for update skip locked),
        marked as (update attachment_blobs set swept_at = clock_timestamp() where tenant_id = ${tenantId}
          and location in (select location from taken where swept_at is null))
        select location from taken order by swept_at nulls first, location`,
    ),
  );
  return rows.map(({ location }) => location);
}

type Tried = { gone: string[]; stuck: string[] };

async function deleteBlobs(
  { log, blobs }: { log: Logger; blobs: BlobStore },
  locations: readonly string[],
  isOver: () => boolean,
): Promise<Tried> {
  const tried: Tried = { gone: [], stuck: [] };
  for (const location of locations) {
    try {
      await blobs.delete(location);
      tried.gone.push(location);
    } catch (error) {
      tried.stuck.push(location);
      logError(log, error, 'the blob of an attachment that was never stored could not be deleted', { location });
    }
    if (isOver()) break;
  }
  return tried;
}

/** Those that are stuck go behind those that were taken with them and not tried, by a millisecond at least, which is what the column tells. */
async function settleOrphans(pool: Pool, tenantId: string, { gone, stuck }: Tried): Promise<void> {
  if (gone.length + stuck.length === 0) return;
  const among = (locations: string[]) =>
    sql`tenant_id = ${tenantId} and swept_at is not null
      and location = any (array(select jsonb_array_elements_text(${JSON.stringify(locations)}::jsonb)))`;
  await transaction(pool, { tenantId }, async (tx) => {
    if (gone.length > 0) await tx.execute(sql`delete from attachment_blobs where ${among(gone)}`);
    if (stuck.length > 0)
      await tx.execute(
        sql`update attachment_blobs set swept_at = clock_timestamp() + interval '1 ms' where ${among(stuck)}`,
      );
  });
}

const locationsOf = (stored: readonly StoredAttachment[]) => JSON.stringify(stored.map(({ location }) => location));
