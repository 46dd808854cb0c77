// File sources are loaded before the run's transaction, into unlogged tables of the tenant named by run and
// token: the effect stays short, and a dead attempt's tables are known by their names.

import type postgres from 'postgres';
import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { type FileSource, type PlanNode, quoteIdent, quoteLiteral, quoteQualified } from '#server/compiler/index.ts';
import {
  type BadLine,
  claimFiles,
  type FileDeps,
  type FileOutcome,
  fillPathTemplate,
  type InputFile,
  stageFile,
  UnreadableFileError,
} from '#server/files/index.ts';
import { query, type Tx, transaction } from '#server/lib/index.ts';
import { asTenantRole, type TenantData } from '#server/tenancy/index.ts';
import { STAGING_PREFIX } from '#server/tenant-schema/index.ts';
import type { ClaimedRun } from './claim.ts';
import type { LoadedRun } from './load-run.ts';
import type { RunControl } from './run-control.ts';
import { RunFailure } from './run-failure.ts';
import { type WorkDeps, workTransaction } from './work-connection.ts';

export type StagedInput = {
  nodeId: string;
  files: FileOutcome[];
  rows: number;
  rejected: number;
  bytes: number;
  /** The newest file read, for the checkpoint. */
  last: InputFile | null;
};

const stagingName = (claim: ClaimedRun, part: number | 'rejects') =>
  `${STAGING_PREFIX}${claim.runId.replaceAll('-', '')}_${claim.token}_${part}`;

/** Where the compiled SQL finds each file source's rows. */
export function rawTables(claim: ClaimedRun, data: TenantData, sources: readonly PlanNode[]) {
  return Object.fromEntries(
    sources.map((node, i) => [node.id, { schema: data.schemaName, table: stagingName(claim, i) }]),
  );
}

export type StagingRun = { claim: ClaimedRun; run: LoadedRun; control: RunControl; work: Pool; deps: WorkDeps };

/** Claims and loads the files of every file source of the plan. */
export async function stageInputs(
  staging: StagingRun,
  sources: readonly PlanNode[],
  files: FileDeps,
): Promise<StagedInput[]> {
  const staged: StagedInput[] = [];
  for (const [i, node] of sources.entries()) {
    if (!node.fileSource) continue;
    staging.control.progress.nodeId = node.id;
    const { path: template, order, maxFiles } = node.fileSource;
    const pattern = fillPathTemplate(template, staging.run);
    const inputs = await claimFiles(files, staging.claim, { nodeId: node.id, pattern, order, maxFiles });
    staged.push(await loadNode(staging, { id: node.id, number: i, source: node.fileSource }, inputs, files));
  }
  return staged;
}

async function loadNode(
  staging: StagingRun,
  node: { id: string; number: number; source: FileSource },
  inputs: readonly InputFile[],
  files: FileDeps,
): Promise<StagedInput> {
  await createTables(staging, node);
  const input: StagedInput = {
    nodeId: node.id,
    files: [],
    rows: 0,
    rejected: 0,
    bytes: 0,
    last: inputs.at(-1) ?? null,
  };
  const before = staging.control.progress.rowsRead;
  for (const file of inputs) {
    try {
      const staged = await loadFile(staging, node, file, files, before + input.rows + input.rejected);
      input.rows += staged.rows;
      input.rejected += staged.badLines;
      input.bytes += staged.bytes;
      input.files.push({ id: file.id, state: 'committed', rowsRead: staged.rows + staged.badLines, error: null });
    } catch (error) {
      if (!(error instanceof UnreadableFileError)) throw error;
      await parkLines(staging, node.id, 'file', [{ path: file.path, line: 0, text: '', message: error.message }]);
      input.rejected += 1;
      input.files.push({ id: file.id, state: 'rejected', rowsRead: 0, error: error.message });
    }
    await files.onStep?.('file_staged');
  }
  return input;
}

function loadFile(
  staging: StagingRun,
  node: { id: string; number: number; source: FileSource },
  file: InputFile,
  files: FileDeps,
  readBefore: number,
) {
  const { control, claim, run } = staging;
  const table = quoteQualified(run.data.schemaName, stagingName(claim, node.number));
  const columns = ['path', 'line', ...node.source.columns.map((column) => column.raw)].map(quoteIdent).join(', ');
  // One transaction a file: one that turns out to be unreadable leaves none of its rows.
  return asTenant(staging, (connection) =>
    stageFile(files.root, file, node.source, {
      connection,
      copyStatement: `COPY ${table} (${columns}) FROM STDIN`,
      signal: control.signal,
      onBad: (lines) => parkLines(staging, node.id, 'malformed', lines),
      onProgress: (rows) => {
        control.progress.rowsRead = readBefore + rows;
      },
    }),
  );
}

function asTenant<T>(staging: StagingRun, fn: (connection: postgres.TransactionSql) => Promise<T>): Promise<T> {
  const { deps, work, control, claim, run } = staging;
  return workTransaction(deps, work, control, claim, (tx) =>
    asTenantRole(tx, run.data, { statementTimeoutMs: control.remainingMs() }, fn),
  );
}

/** A second try of the same attempt cannot be, but an attempt that was released and claimed again has a new token. */
function createTables(staging: StagingRun, node: { number: number; source: FileSource }): Promise<void> {
  const { claim, run } = staging;
  const table = quoteQualified(run.data.schemaName, stagingName(claim, node.number));
  const rejects = quoteQualified(run.data.schemaName, stagingName(claim, 'rejects'));
  const columns = node.source.columns.map((column) => `, ${quoteIdent(column.raw)} text`).join('');
  return asTenant(staging, async (connection) => {
    await connection.unsafe(
      `CREATE UNLOGGED TABLE ${table} (path text NOT NULL, line bigint NOT NULL, raw text${columns})`,
    );
    await connection.unsafe(
      `CREATE UNLOGGED TABLE IF NOT EXISTS ${rejects} (node_id text NOT NULL, rule text NOT NULL, path text NOT NULL, line bigint NOT NULL, text text NOT NULL, message text NOT NULL)`,
    );
  });
}

/** Over the runner's pool: the run's own connection is busy with its COPY. */
async function parkLines(staging: StagingRun, nodeId: string, rule: string, lines: readonly BadLine[]): Promise<void> {
  const { deps, claim, run } = staging;
  const rejects = quoteQualified(run.data.schemaName, stagingName(claim, 'rejects'));
  await transaction(deps.pool, { tenantId: claim.tenantId }, (tx) =>
    asTenantRole(tx, run.data, { statementTimeoutMs: 30_000 }, async (connection) => {
      await connection.unsafe(
        `INSERT INTO ${rejects} SELECT $1, $2, x.path, x.line, x.text, x.message
         FROM pg_catalog.jsonb_to_recordset($3::jsonb) AS x(path text, line bigint, text text, message text)`,
        [nodeId, rule, JSON.stringify(lines.map((line) => ({ ...line, text: storable(line.text) })))],
      );
    }),
  );
}

/** jsonb refuses half a surrogate pair, which a cut line can end in. */
const storable = (text: string) => text.toWellFormed();

/** As the tenant's role: the malformed lines join the rejects of the nodes. Returns how many. */
export async function collectLineRejects(
  connection: postgres.TransactionSql,
  claim: ClaimedRun,
  data: TenantData,
  options: { onlyFiles?: boolean } = {},
): Promise<number> {
  const rejects = quoteQualified(data.schemaName, stagingName(claim, 'rejects'));
  const where = options.onlyFiles ? `WHERE rule = 'file'` : '';
  const collected = await connection.unsafe(
    `INSERT INTO pg_temp.ms_rejects (node_id, rule, error_kind, message, source_node, row_key, replayable, payload)
     SELECT node_id, rule, CASE rule WHEN 'file' THEN 'unreadable_file' ELSE 'malformed_line' END, message, node_id,
       CASE rule WHEN 'file' THEN pg_catalog.jsonb_build_object('path', path)
         ELSE pg_catalog.jsonb_build_object('path', path, 'line', line) END,
       false, CASE rule WHEN 'file' THEN NULL ELSE pg_catalog.jsonb_build_object('line', text) END
     FROM ${rejects} ${where} ORDER BY ctid`,
  );
  return collected.count;
}

/**
 * Staging is committed before the effect and is unlogged: a server that crashed in between has emptied it, and the
 * effect would put files away whose rows it never saw.
 * @throws RunFailure, transient: the next attempt stages the files again.
 */
export function requireStaged(what: string, found: number, staged: number): void {
  if (found === staged) return;
  throw new RunFailure(
    'DATABASE_UNAVAILABLE',
    `${staged} ${what} were staged but ${found} were found; the database server has crashed in between`,
    { isTransient: true },
  );
}

/** As the tenant's role, in the effect's own transaction: the tables go with the commit that used them. */
export async function dropStaging(
  connection: postgres.TransactionSql,
  claim: ClaimedRun,
  data: TenantData,
  sources: readonly PlanNode[],
): Promise<void> {
  const names = [...sources.map((_, i) => stagingName(claim, i)), stagingName(claim, 'rejects')];
  const list = names.map((name) => quoteQualified(data.schemaName, name)).join(', ');
  await connection.unsafe(`DROP TABLE IF EXISTS ${list}`);
}

/** Drops staging tables whose attempt no longer holds its run. Whoever comes next calls it; busy ones wait for the next. */
export function sweepStaging(pool: Pool, tenantId: string, data: TenantData): Promise<number> {
  return transaction(pool, { tenantId }, async (tx) => {
    const orphans = await findOrphans(tx, data);
    if (orphans.length === 0) return 0;
    await asTenantRole(tx, data, { statementTimeoutMs: 10_000 }, async (connection) => {
      for (const name of orphans) {
        // A zombie may still write into it; its lock is not waited for.
        await connection.unsafe(
          `SET LOCAL lock_timeout = '50ms'; DO $$ BEGIN EXECUTE ${quoteLiteral(`DROP TABLE IF EXISTS ${quoteQualified(data.schemaName, name)}`)};
           EXCEPTION WHEN lock_not_available THEN NULL; END $$`,
        );
      }
    });
    return orphans.length;
  });
}

async function findOrphans(tx: Tx, data: TenantData): Promise<string[]> {
  const rows = await query<{ name: string }>(
    tx,
    sql`select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace,
        regexp_match(c.relname, '^ms_stage_([0-9a-f]{32})_([0-9]{1,15})_([0-9]{1,4}|rejects)$') as part
      where n.nspname = ${data.schemaName} and c.relkind = 'r' and part is not null
        and not exists (select 1 from run_queue q where q.run_id = part[1]::uuid and q.token = part[2]::bigint and q.claimed_by is not null)
      limit 200`,
  );
  return rows.map((row) => row.name);
}
