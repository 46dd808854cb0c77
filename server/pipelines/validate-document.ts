import { compilePipeline, previewSql } from '#server/compiler/index.ts';
import { type PipelineDocument, type Problem, parseDocument } from '#server/ir/index.ts';
import { type Tx, withTransaction } from '#server/lib/index.ts';
import { validateSchedule } from '#server/schedules/index.ts';
import { type Ctx, findTenantData } from '#server/tenancy/index.ts';
import { describeSql, readCatalogue } from '#server/tenant-schema/index.ts';
import { getPipelineRow } from './find-pipeline.ts';
import { getVersion } from './save-version.ts';

/** Compiles against the tenant's own tables as they are now; executes nothing. All problems at once. */
export async function compileDocument(tx: Tx, ctx: Ctx, document: PipelineDocument) {
  const data = await findTenantData(tx, ctx.tenant.id);
  const catalogue = await readCatalogue(tx, data);
  const compiled = await compilePipeline(document, { catalogue, describe: describeSql(tx, data) });
  const scheduleProblems = document.schedule
    ? validateSchedule(document.schedule, new Date(), document.policies.dst).map((problem) => ({
        ...problem,
        pointer: `/schedule${problem.pointer}`,
      }))
    : [];
  const problems: Problem[] = [...scheduleProblems, ...compiled.problems];
  if (!compiled.ok || scheduleProblems.some((problem) => problem.severity === 'error'))
    return { ok: false as const, problems };
  return { ok: true as const, plan: compiled.plan, problems };
}

/** Dry-runs a document: every problem with its pointer, and the SQL per node when there is none. Creates nothing. */
export async function validateDocument(ctx: Ctx, input: { document: unknown }) {
  const parsed = parseDocument(input.document);
  if (!parsed.ok) return { ok: false, problems: parsed.problems, nodes: [] };
  return withTransaction(ctx, async (tx) => {
    const compiled = await compileDocument(tx, ctx, parsed.doc);
    return {
      ok: compiled.ok,
      problems: compiled.problems,
      nodes: compiled.ok ? previewSql(compiled.plan) : [],
    };
  });
}

/**
 * The SQL that a run of the live version (else the latest) would execute, node by node.
 * @throws ServiceError PIPELINE_NOT_FOUND, VERSION_NOT_FOUND
 */
export function previewPipelineSql(ctx: Ctx, input: { id: string; version?: number | undefined }) {
  return withTransaction(ctx, async (tx) => {
    const pipeline = await getPipelineRow(tx, ctx, input.id);
    const version = input.version ?? pipeline.liveVersion ?? pipeline.latestVersion;
    const { ir } = await getVersion(tx, ctx, pipeline.id, version);
    const compiled = await compileDocument(tx, ctx, ir);
    return { version, problems: compiled.problems, nodes: compiled.ok ? previewSql(compiled.plan) : [] };
  });
}
