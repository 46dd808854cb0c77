// One check of one tenant: read outside of any transaction, then store in one.
import { sql } from '#db/drizzle.ts';
import { type OpenConnection, openConnection } from '#server/connections/index.ts';
import {
  query,
  queryOne,
  ServiceError,
  storableText,
  type TransactionScope,
  type Tx,
  withTransaction,
} from '#server/lib/index.ts';
import type { ReadDocument } from './parse-files.ts';
import { type RepositoryDocuments, readDocuments } from './read-documents.ts';
import { countStates, type DriftCounts } from './states.ts';

/** What came of a check. A repository that cannot be read has an error and nothing else: no state is known. */
export type Checked =
  | { ok: true; commitId: string; counts: DriftCounts; invalid: string[] }
  | { ok: false; code: string; message: string };

type Source = { connectionId: string; updatedAt: string; startedAt: string };
type Reading = {
  connection: OpenConnection<'git'> | null;
  found: RepositoryDocuments | null;
  error: ServiceError | null;
  /** What was not the repository's fault: kept as this check's failure and thrown all the same. */
  fault?: unknown;
};
type CheckOptions = { signal?: AbortSignal; readDeadlineMs?: number; beforeCommit?: (tx: Tx) => Promise<void> };

/** Invalid documents that are told of by name; the page has them all. */
const MAX_TOLD = 20;
const MAX_ERROR_CHARS = 1_000;

/**
 * Reads the tenant's repository and keeps what it says. Null when the tenant has none. Whatever goes wrong replaces the
 * findings of the check before: they are not known to hold any more.
 * @throws whatever is not the repository's own fault; ServiceError RATE_LIMITED when too many checks wait, of which
 * nothing is kept; the signal's reason
 */
export async function checkRepository(scope: TransactionScope, options: CheckOptions = {}): Promise<Checked | null> {
  const source = await withTransaction(scope, (tx) => findSource(tx, scope.tenant.id));
  if (!source) return null;
  const reading = await readSource(scope, source, options);
  let isStored = false;
  const store = (what: Reading) =>
    withTransaction(scope, async (tx) => {
      isStored = false;
      const checked = await storeReading(tx, scope.tenant.id, source, what);
      isStored = true;
      await options.beforeCommit?.(tx);
      return checked;
    });
  const checked = await store(reading).catch(async (error: unknown) => {
    // What the caller's own hook says, such as a lost lease, is no finding.
    if (!isStored) await store(failedBy(error, reading.connection));
    throw error;
  });
  if (reading.fault !== undefined) throw reading.fault;
  return checked;
}

/** In words that give away nothing of the process; the log has the error itself, because it is thrown too. */
const failedBy = (fault: unknown, connection: Reading['connection']): Reading => ({
  connection,
  found: null,
  error: new ServiceError('INTERNAL', 'the check failed for a reason that is not the repository; the log has it'),
  fault,
});

export async function findSource(tx: Tx, tenantId: string): Promise<Source | null> {
  const [row] = await query<Source>(
    tx,
    sql`select connection_id as "connectionId", updated_at as "updatedAt", clock_timestamp()::text as "startedAt"
      from gitops_sources where tenant_id = ${tenantId}`,
  );
  return row ?? null;
}

async function readSource(scope: TransactionScope, source: Source, options: CheckOptions): Promise<Reading> {
  const { signal } = options;
  let connection: OpenConnection<'git'> | null = null;
  try {
    connection = await openConnection(scope, source.connectionId, 'git');
    const found = await readDocuments(scope.tenant.id, connection, options);
    return { connection, found, error: null };
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof ServiceError)) return failedBy(error, connection);
    if (error.code === 'RATE_LIMITED') throw error;
    return { connection, found: null, error };
  }
}

/** The whole of the last check is replaced, by a failure too: what stood there before is not known to hold any more. */
async function storeReading(tx: Tx, tenantId: string, source: Source, reading: Reading): Promise<Checked | null> {
  // Two checks at once write one after the other; one that began earlier does not undo a later one's findings.
  const [current] = await query(
    tx,
    sql`select 1 from gitops_sources where tenant_id = ${tenantId} and updated_at = ${source.updatedAt}::timestamptz
      for update`,
  );
  if (!current) return null;
  const [later] = await query(
    tx,
    sql`select 1 from gitops_checks where tenant_id = ${tenantId} and started_at > ${source.startedAt}::timestamptz`,
  );
  if (!later) {
    await tx.execute(sql`delete from gitops_documents where tenant_id = ${tenantId}`);
    await insertDocuments(tx, tenantId, reading.found?.documents ?? []);
  }
  const counts = reading.found ? await countStates(tx, tenantId) : null;
  if (!later) await putCheck(tx, tenantId, source, reading, counts);
  if (reading.error || !reading.found || !counts)
    return { ok: false, code: reading.error?.code ?? 'INTERNAL', message: reading.error?.message ?? '' };
  return { ok: true, commitId: reading.found.commit.id, counts, invalid: toldOf(reading.found.documents) };
}

async function insertDocuments(tx: Tx, tenantId: string, documents: ReadDocument[]): Promise<void> {
  if (documents.length === 0) return;
  await tx.execute(sql`insert into gitops_documents (tenant_id, file, line, name, document, problems)
    select ${tenantId}, r.file, r.line, r.name, nullif(r.document, 'null'), nullif(r.problems, 'null')
    from jsonb_to_recordset(${JSON.stringify(documents)}::jsonb)
      as r(file text, line int, name text, document jsonb, problems jsonb)`);
}

async function putCheck(tx: Tx, tenantId: string, source: Source, reading: Reading, counts: DriftCounts | null) {
  const { connection, found, error } = reading;
  await tx.execute(sql`delete from gitops_checks where tenant_id = ${tenantId}`);
  await queryOne(
    tx,
    sql`insert into gitops_checks (tenant_id, connection_id, url, branch, folder, started_at, commit_id, commit_subject,
        commit_author, committed_at, files, counts, error_code, error_message)
      values (${tenantId}, ${source.connectionId}, ${connection?.config.url ?? null}, ${connection?.config.branch ?? null},
        ${connection?.config.path ?? null}, ${source.startedAt}::timestamptz, ${found?.commit.id ?? null},
        ${found?.commit.subject ?? null}, ${found?.commit.author ?? null},
        ${found?.commit.committedAt.toISOString() ?? null}::timestamptz, ${found?.files ?? null},
        ${counts === null ? null : JSON.stringify(counts)}::jsonb, ${error?.code ?? null}, ${error === null ? null : storableText(error.message, MAX_ERROR_CHARS)})
      returning 1`,
  );
}

const toldOf = (documents: ReadDocument[]) =>
  documents
    .flatMap(({ file, line, problems }) =>
      problems === null ? [] : [`${file}:${line}: ${problems[0]?.message ?? ''}`],
    )
    .slice(0, MAX_TOLD);
