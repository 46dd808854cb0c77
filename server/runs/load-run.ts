import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { compilePipeline, type Plan } from '#server/compiler/index.ts';
import { type PipelineDocument, parseDocument } from '#server/ir/index.ts';
import { queryOne, transaction } from '#server/lib/index.ts';
import { findTenantData, type TenantData } from '#server/tenancy/index.ts';
import { describeSql, readCatalogue } from '#server/tenant-schema/index.ts';
import type { ClaimedRun } from './claim.ts';
import type { ParamValue } from './fill-params.ts';
import { RunFailure } from './run-failure.ts';

/** Everything about a run that its execution needs to know. */
export type LoadedRun = {
  version: number;
  /** The due instant, else when it was asked for: what `run.due_at` means. */
  dueAt: string;
  intervalStart: string | null;
  intervalEnd: string | null;
  params: Record<string, ParamValue>;
  tenantSlug: string;
  pipelineName: string;
  ir: unknown;
  data: TenantData;
};

/** Reads the claimed run and its version's document. */
export function loadRun(pool: Pool, claim: ClaimedRun): Promise<LoadedRun> {
  return transaction(pool, { tenantId: claim.tenantId }, async (tx) => {
    const row = await queryOne<Omit<LoadedRun, 'data'>>(
      tx,
      sql`select r.version, r.params, v.ir, p.name as "pipelineName", t.slug as "tenantSlug",
          ${isoText(sql`coalesce(r.scheduled_for, r.queued_at)`)} as "dueAt",
          ${isoText(sql`r.interval_start`)} as "intervalStart", ${isoText(sql`r.interval_end`)} as "intervalEnd"
        from runs r
        join pipelines p on p.tenant_id = r.tenant_id and p.id = r.pipeline_id
        join tenants t on t.id = r.tenant_id
        join pipeline_versions v on v.tenant_id = r.tenant_id and v.pipeline_id = r.pipeline_id and v.version = r.version
        where r.tenant_id = ${claim.tenantId} and r.id = ${claim.runId}`,
    );
    return { ...row, data: await findTenantData(tx, claim.tenantId) };
  });
}

const isoText = (instant: ReturnType<typeof sql>) =>
  sql`to_char(${instant} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** @throws RunFailure DOCUMENT_INVALID: a version saved under older rules. */
export function parseRunDocument(run: LoadedRun): PipelineDocument {
  const parsed = parseDocument(run.ir);
  if (parsed.ok) return parsed.doc;
  throw new RunFailure('DOCUMENT_INVALID', `version ${run.version} is not valid: ${listProblems(parsed.problems)}`);
}

/**
 * Compiles against the tenant's tables as they are now, in a short transaction of its own.
 * @throws RunFailure COMPILE_FAILED
 */
export function compileRun(pool: Pool, claim: ClaimedRun, run: LoadedRun, document: PipelineDocument): Promise<Plan> {
  return transaction(pool, { tenantId: claim.tenantId }, async (tx) => {
    const catalogue = await readCatalogue(tx, run.data);
    const compiled = await compilePipeline(document, { catalogue, describe: describeSql(tx, run.data) });
    if (compiled.ok) return compiled.plan;
    const errors = compiled.problems.filter((problem) => problem.severity === 'error');
    throw new RunFailure('COMPILE_FAILED', `version ${run.version} does not compile: ${listProblems(errors)}`);
  });
}

function listProblems(problems: readonly { pointer: string; message: string }[]): string {
  const shown = problems.slice(0, 5).map(({ pointer, message }) => `${pointer}: ${message}`);
  return shown.join('; ') + (problems.length > 5 ? ` (and ${problems.length - 5} more)` : '');
}
