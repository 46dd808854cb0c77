import { sql } from '#db/drizzle.ts';
import { recordAudit } from '#server/audit/index.ts';
import { type OpenConnection, openConnection } from '#server/connections/index.ts';
import { query, ServiceError, withTransaction } from '#server/lib/index.ts';
import { actorName, type Ctx } from '#server/tenancy/index.ts';
import { checkRepository } from './check-repository.ts';
import { readDocuments } from './read-documents.ts';
import { getStatus, readSource } from './status.ts';

/**
 * Names the connection whose repository holds the tenant's documents. What another one's last check found is dropped.
 * @throws ServiceError CONNECTION_NOT_FOUND, CONNECTION_KIND_WRONG, SECRETS_UNAVAILABLE
 */
export function setSource(ctx: Ctx, input: { connection: string }) {
  return withTransaction(ctx, async (tx) => {
    const { id, config } = await openConnection({ ...ctx, tx }, input.connection, 'git');
    const before = await readSource(tx, ctx.tenant.id);
    await tx.execute(sql`insert into gitops_sources (tenant_id, connection_id, updated_by)
      values (${ctx.tenant.id}, ${id}, ${actorName(ctx.actor)})
      on conflict (tenant_id) do update
        set connection_id = excluded.connection_id, updated_by = excluded.updated_by, updated_at = clock_timestamp()`);
    if (before?.connectionId !== id) await dropFindings({ ...ctx, tx });
    await recordAudit(tx, ctx, {
      ...{ action: 'gitops.configure', targetKind: 'gitops', targetId: ctx.tenant.id },
      before: before && { connectionId: before.connectionId },
      after: { connectionId: id },
      details: { url: config.url, branch: config.branch, folder: config.path },
    });
    return getStatus({ ...ctx, tx });
  });
}

/** Ends the comparison; pipelines stay as they are. */
export function removeSource(ctx: Ctx) {
  return withTransaction(ctx, async (tx) => {
    const before = await readSource(tx, ctx.tenant.id);
    await tx.execute(sql`delete from gitops_sources where tenant_id = ${ctx.tenant.id}`);
    await dropFindings({ ...ctx, tx });
    await recordAudit(tx, ctx, {
      ...{ action: 'gitops.remove', targetKind: 'gitops', targetId: ctx.tenant.id },
      before: before && { connectionId: before.connectionId },
    });
    return getStatus({ ...ctx, tx });
  });
}

const dropFindings = (ctx: Ctx) =>
  withTransaction(ctx, async (tx) => {
    await tx.execute(sql`delete from gitops_checks where tenant_id = ${ctx.tenant.id}`);
    await tx.execute(sql`delete from gitops_documents where tenant_id = ${ctx.tenant.id}`);
  });

/**
 * Reads a connection's repository as a check would and keeps nothing. That it cannot be read is an answer (`ok` false).
 * @throws ServiceError CONNECTION_NOT_FOUND, CONNECTION_KIND_WRONG, SECRETS_UNAVAILABLE
 */
export async function testSource(ctx: Ctx, input: { connection: string }) {
  const connection = await openConnection(ctx, input.connection, 'git');
  const result = await tryReading(ctx.tenant.id, connection);
  await withTransaction(ctx, (tx) =>
    recordAudit(tx, ctx, {
      ...{ action: 'gitops.test', targetKind: 'connection', targetId: connection.id, details: { ok: result.ok } },
    }),
  );
  return result;
}

async function tryReading(tenantId: string, connection: OpenConnection<'git'>) {
  const nothing = { commitId: null, files: 0, documents: 0, invalid: 0 };
  try {
    const { commit, files, documents } = await readDocuments(tenantId, connection);
    const invalid = documents.filter(({ problems }) => problems !== null).length;
    const counts = { files, documents: documents.length, invalid };
    const message = `it can be read: ${counts.documents} documents in ${counts.files} files, ${invalid} of them invalid`;
    return { ok: true, message, commitId: commit.id, ...counts };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return { ok: false, message: error.message, ...nothing };
  }
}

/**
 * The daily check, now. A repository that cannot be read is an answer: the status says why.
 * @throws ServiceError GITOPS_NOT_CONFIGURED
 */
export async function checkNow(ctx: Ctx) {
  await requireSource(ctx);
  const checked = await checkRepository(ctx, {
    beforeCommit: (tx) =>
      recordAudit(tx, ctx, { action: 'gitops.check', targetKind: 'gitops', targetId: ctx.tenant.id }),
  });
  if (checked === null) await requireSource(ctx);
  return getStatus(ctx);
}

/** @throws ServiceError GITOPS_NOT_CONFIGURED */
export async function requireSource(ctx: Ctx): Promise<void> {
  const [found] = await withTransaction(ctx, (tx) =>
    query(tx, sql`select 1 from gitops_sources where tenant_id = ${ctx.tenant.id}`),
  );
  if (!found)
    throw new ServiceError(
      'GITOPS_NOT_CONFIGURED',
      'no repository is set; name a Git connection with PUT /gitops/source',
    );
}
