// The rows of run_files: where each file of each run is in the protocol.
import { sql } from '#db/drizzle.ts';
import { query, type Tx } from '#server/lib/index.ts';

/** A file that is a run's: both paths are below the tenant's folder. */
export type InputFile = { id: string; path: string; processingPath: string; sizeBytes: number; modifiedAt: string };

/** What became of a file in the run's effect. */
export type FileOutcome = { id: string; state: 'committed' | 'rejected'; rowsRead: number; error: string | null };

const columns = sql`id, path, processing_path as "processingPath", size_bytes::float8 as "sizeBytes", modified_at as "modifiedAt"`;

/** Files that an earlier attempt of this run claimed for the node. */
export function findClaimed(tx: Tx, run: { tenantId: string; runId: string }, nodeId: string): Promise<InputFile[]> {
  return query<InputFile>(
    tx,
    sql`select ${columns} from run_files
      where tenant_id = ${run.tenantId} and run_id = ${run.runId} and node_id = ${nodeId} and state = 'claimed'
      order by path, id`,
  );
}

/** Writes the claims before the files move; a run whose token is no longer the queue's claims nothing. */
export function insertClaims(
  tx: Tx,
  run: { tenantId: string; runId: string; pipelineId: string; token: number },
  nodeId: string,
  files: readonly InputFile[],
): Promise<InputFile[]> {
  return query<InputFile>(
    tx,
    sql`insert into run_files (tenant_id, id, pipeline_id, node_id, run_id, path, processing_path, size_bytes, modified_at, state)
      select ${run.tenantId}, f.id, ${run.pipelineId}, ${nodeId}, ${run.runId}, f.path, f."processingPath", f."sizeBytes", f."modifiedAt", 'claimed'
      from jsonb_to_recordset(${JSON.stringify(files)}::jsonb)
        as f(id uuid, path text, "processingPath" text, "sizeBytes" bigint, "modifiedAt" timestamptz)
      where exists (select 1 from run_queue where run_id = ${run.runId} and token = ${run.token})
      returning ${columns}`,
  );
}

/** What the file is once it lies in `.processing/`; null: it was gone, another run has it. */
export async function updateClaims(
  tx: Tx,
  tenantId: string,
  found: readonly { id: string; sizeBytes: number | null; modifiedAt: string | null }[],
): Promise<void> {
  await tx.execute(sql`update run_files r set
      state = case when f."sizeBytes" is null then 'released' else r.state end,
      error = case when f."sizeBytes" is null then 'the file was gone when the run came to take it' end,
      size_bytes = coalesce(f."sizeBytes", r.size_bytes), modified_at = coalesce(f."modifiedAt", r.modified_at),
      updated_at = now()
    from jsonb_to_recordset(${JSON.stringify(found)}::jsonb) as f(id uuid, "sizeBytes" bigint, "modifiedAt" timestamptz)
    where r.tenant_id = ${tenantId} and r.id = f.id and r.state = 'claimed'`);
}

/** Part of the run's effect: the files are read for good with the rows that came of them. */
export async function settleFiles(tx: Tx, tenantId: string, outcomes: readonly FileOutcome[]): Promise<void> {
  if (outcomes.length === 0) return;
  const settled = await query<{ id: string }>(
    tx,
    sql`update run_files r set state = f.state, rows_read = f."rowsRead", error = f.error, updated_at = now()
      from jsonb_to_recordset(${JSON.stringify(outcomes)}::jsonb) as f(id uuid, state text, "rowsRead" bigint, error text)
      where r.tenant_id = ${tenantId} and r.id = f.id and r.state = 'claimed' returning r.id`,
  );
  if (settled.length !== outcomes.length)
    throw new Error(`${outcomes.length - settled.length} of the run's files are no longer claimed by it`);
}

export type UnfinishedFile = {
  id: string;
  path: string;
  processingPath: string;
  state: 'claimed' | 'committed' | 'rejected';
  /** The UTC day of the commit, `YYYY/MM/DD`. */
  day: string;
};

/** Files whose run has ended and that still have to go where they belong. */
export function findUnfinished(
  tx: Tx,
  scope: { tenantId: string; pipelineId?: string },
  limit: number,
): Promise<UnfinishedFile[]> {
  const isThisPipeline = scope.pipelineId ? sql`and f.pipeline_id = ${scope.pipelineId}` : sql``;
  return query<UnfinishedFile>(
    tx,
    sql`select f.id, f.path, f.processing_path as "processingPath", f.state,
        to_char(f.updated_at at time zone 'UTC', 'YYYY/MM/DD') as day
      from run_files f
      where f.tenant_id = ${scope.tenantId} ${isThisPipeline} and f.state in ('claimed', 'committed', 'rejected')
        and (f.state <> 'claimed' or not exists (select 1 from run_queue q where q.run_id = f.run_id))
      order by f.id limit ${limit}`,
  );
}

export async function markFinished(
  tx: Tx,
  tenantId: string,
  file: { id: string; state: 'finished' | 'released'; finalPath: string | null },
): Promise<void> {
  await tx.execute(sql`update run_files set state = ${file.state}, final_path = coalesce(${file.finalPath}, final_path), updated_at = now()
    where tenant_id = ${tenantId} and id = ${file.id} and state in ('claimed', 'committed', 'rejected')`);
}
