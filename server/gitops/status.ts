import { sql } from '#db/drizzle.ts';
import { query, type Tx, withTransaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import type { GitopsStatus } from './schemas.ts';
import { countStates } from './states.ts';

type Row = {
  connection: string | null;
  connectionId: string;
  url: string | null;
  branch: string | null;
  folder: string | null;
  updatedBy: string;
  updatedAt: string;
};
type CheckRow = {
  id: string;
  connectionId: string;
  url: string | null;
  branch: string | null;
  folder: string | null;
  startedAt: string;
  checkedAt: string;
  commitId: string | null;
  subject: string | null;
  author: string | null;
  committedAt: string | null;
  files: number | null;
  errorCode: string | null;
  errorMessage: string | null;
};

const instantOf = (text: string) => new Date(text).toISOString();

/** Where the tenant's documents are kept, what the last check found, and how things stand now. */
export function getStatus(ctx: Ctx): Promise<GitopsStatus> {
  return withTransaction(ctx, async (tx) => {
    const source = await readSource(tx, ctx.tenant.id);
    const check = source && (await readCheck(tx, ctx.tenant.id, source));
    const counts = check?.commit ? await countStates(tx, ctx.tenant.id) : null;
    const state = !source
      ? 'not_configured'
      : !check
        ? 'unchecked'
        : !counts
          ? 'broken'
          : counts.invalid + counts.changed + counts.missing + counts.unmanaged > 0 || check.isOutdated
            ? 'drifted'
            : 'in_sync';
    return { state, source, check, counts };
  });
}

/** Null when the tenant has none. The connection's own words, as they are now. */
export async function readSource(tx: Tx, tenantId: string): Promise<GitopsStatus['source']> {
  const [row] = await query<Row>(
    tx,
    sql`select c.name as connection, s.connection_id as "connectionId", c.config ->> 'url' as url,
        c.config ->> 'branch' as branch, c.config ->> 'path' as folder, s.updated_by as "updatedBy", s.updated_at as "updatedAt"
      from gitops_sources s left join connections c on c.tenant_id = ${tenantId} and c.id = s.connection_id
      where s.tenant_id = ${tenantId}`,
  );
  return row ? { ...row, updatedAt: instantOf(row.updatedAt) } : null;
}

type Source = NonNullable<GitopsStatus['source']>;

export async function readCheck(tx: Tx, tenantId: string, source: Source): Promise<GitopsStatus['check']> {
  const [row] = await query<CheckRow>(
    tx,
    sql`select id, connection_id as "connectionId", url, branch, folder, started_at as "startedAt", checked_at as "checkedAt",
        commit_id as "commitId", commit_subject as subject, commit_author as author, committed_at as "committedAt", files,
        error_code as "errorCode", error_message as "errorMessage"
      from gitops_checks where tenant_id = ${tenantId}`,
  );
  if (!row) return null;
  const { id, url, branch, folder, files } = row;
  const isSame =
    row.connectionId === source.connectionId &&
    url === source.url &&
    branch === source.branch &&
    folder === source.folder;
  return {
    ...{ id, url, branch, folder, files, checkedAt: instantOf(row.checkedAt), startedAt: instantOf(row.startedAt) },
    commit:
      row.commitId === null
        ? null
        : {
            ...{ id: row.commitId, subject: row.subject ?? '', author: row.author ?? '' },
            committedAt: instantOf(row.committedAt ?? row.checkedAt),
          },
    error: row.errorCode === null ? null : { code: row.errorCode, message: row.errorMessage ?? '' },
    // One that could not even open its connection has no address to compare.
    isOutdated: !isSame && !(row.commitId === null && url === null),
  };
}
