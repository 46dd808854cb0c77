// Blobs go after the commit that deleted their rows, never inside it, and best-effort: one that is gone already is
// fine, one that cannot be deleted is reported and tried again by the next purge.
import { sql } from '#db/drizzle.ts';
import { errorText, type JobContext } from '#server/jobs/index.ts';
import { logError, query, transaction } from '#server/lib/index.ts';
import { BLOB_BATCH } from './config.ts';

/** Deletes the blob at a location of the attachment store; `missing` when there is none. */
export type DeleteBlob = (location: string) => Promise<'deleted' | 'missing'>;

type Deps = Pick<JobContext, 'pool' | 'log' | 'signal' | 'fence'> & {
  deleteBlob: DeleteBlob;
  isOver?: () => boolean;
};
type Noted = { location: string; isUsed: boolean };
type Outcome = { location: string; error: string | null; isAttempted: boolean; isDeleted: boolean };

/**
 * Deletes all blobs that purges of the tenant have left to delete, counted on this purge. Those of an erasure that goes
 * on are its own: its receipt counts them. False: the time was over before.
 */
export async function purgeBlobs(deps: Deps, tenantId: string, purgeId: string): Promise<boolean> {
  for (let after = ''; ; ) {
    deps.signal.throwIfAborted();
    // Another row at the same location keeps the blob.
    const noted = await transaction(deps.pool, { tenantId }, (tx) =>
      query<Noted>(
        tx,
        sql`select b.location, exists (select from ai_attachments a
            where a.tenant_id = b.tenant_id and a.location = b.location) as "isUsed"
          from retention_blobs b where b.tenant_id = ${tenantId} and b.location > ${after}
            and not exists (select from dsar_requests q where q.tenant_id = b.tenant_id and q.id = b.purge_id
              and q.state not in ('completed', 'cancelled'))
          order by b.location limit ${BLOB_BATCH}`,
      ),
    );
    const last = noted.at(-1);
    if (!last) return true;
    const outcomes: Outcome[] = [];
    for (const one of noted) {
      if (deps.signal.aborted || (outcomes.length > 0 && deps.isOver?.())) break;
      outcomes.push(await deleteOne(deps, tenantId, one));
    }
    await record(deps, tenantId, purgeId, outcomes);
    deps.signal.throwIfAborted();
    if (outcomes.length < noted.length) return false;
    after = last.location;
  }
}

async function deleteOne(deps: Deps, tenantId: string, { location, isUsed }: Noted): Promise<Outcome> {
  if (isUsed) return { location, error: null, isAttempted: false, isDeleted: false };
  try {
    const result = await deps.deleteBlob(location);
    if (result === 'missing') deps.log.info({ tenantId, location }, 'the blob of a purged attachment was gone already');
    return { location, error: null, isAttempted: true, isDeleted: result === 'deleted' };
  } catch (error) {
    const errorId = logError(deps.log, error, 'the blob of a purged attachment could not be deleted', {
      tenantId,
      location,
    });
    return {
      ...{ location, isAttempted: true, isDeleted: false },
      error: `blob ${location}: ${errorText(error, errorId)}`,
    };
  }
}

/** Errors are told a hundred of; the rest is in the log. */
const MAX_ERRORS = 100;

async function record(deps: Deps, tenantId: string, purgeId: string, outcomes: Outcome[]): Promise<void> {
  const settled = JSON.stringify(outcomes.filter(({ error }) => error === null).map(({ location }) => location));
  const failed = outcomes.filter(({ error }) => error !== null);
  await transaction(deps.pool, { tenantId }, async (tx) => {
    await deps.fence(tx);
    await tx.execute(sql`delete from retention_blobs where tenant_id = ${tenantId}
      and location in (select jsonb_array_elements_text(${settled}::text::jsonb))`);
    for (const { location, error } of failed)
      await tx.execute(sql`update retention_blobs set attempts = attempts + 1, last_error = ${error}
        where tenant_id = ${tenantId} and location = ${location}`);
    await tx.execute(sql`update retention_purges set
        blobs_attempted = blobs_attempted + ${outcomes.filter(({ isAttempted }) => isAttempted).length},
        blobs_deleted = blobs_deleted + ${outcomes.filter(({ isDeleted }) => isDeleted).length},
        errors = case when jsonb_array_length(errors) < ${MAX_ERRORS} then errors || ${JSON.stringify(failed.map(({ error }) => error))}::text::jsonb
          else errors end
      where tenant_id = ${tenantId} and id = ${purgeId}`);
  });
}
