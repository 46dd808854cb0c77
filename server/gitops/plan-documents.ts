import { demandedOf } from '#server/approvals/index.ts';
import { type PipelineDocument, type Problem, parseDocument, writeYaml } from '#server/ir/index.ts';
import { ServiceError, type Tx, withTransaction } from '#server/lib/index.ts';
import { compileDocument } from '#server/pipelines/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { actionOf, findHere, type Here, isAdopted, isInSync } from './find-here.ts';
import { nameOf } from './parse-files.ts';

/** What applying these documents would do, each against the pipeline of its name. Changes nothing. */
export function planDocuments(ctx: Ctx, input: { documents: unknown[]; publish: boolean }) {
  const names = Map.groupBy(input.documents, nameOf);
  return withTransaction(ctx, async (tx) => {
    const items = [];
    for (const document of input.documents) {
      const name = nameOf(document);
      const parsed = parseDocument(document);
      if (name !== null && (names.get(name)?.length ?? 0) > 1) items.push(invalid(name, [repeated(name)]));
      else if (!parsed.ok) items.push(invalid(name, parsed.problems));
      else items.push(await planOne(tx, ctx, parsed.doc, input.publish));
    }
    return { items };
  });
}

async function planOne(tx: Tx, ctx: Ctx, document: PipelineDocument, publish: boolean) {
  const here = await findHere(tx, ctx.tenant.id, document);
  const action = actionOf(here, { publish, isAdopted: await isAdopted(tx, ctx, here, publish) });
  const isSame = here !== null && isInSync(here);
  const demand =
    publish && action !== 'none' ? await demandOf(tx, ctx, document, here) : { needsApproval: false, problems: [] };
  // What nothing is done to may still not compile, when its tables have changed.
  const { problems } = action === 'none' ? { problems: [] } : await compileDocument(tx, ctx, document);
  const state = here === null ? ('missing' as const) : isSame ? ('in_sync' as const) : ('changed' as const);
  return {
    ...{ name: document.metadata.name, state, action, problems: [...demand.problems, ...problems] },
    needsApproval: demand.needsApproval,
    ...{ baseVersion: here?.latestVersion ?? null, liveVersion: here?.liveVersion ?? null },
    here: here === null || isSame ? null : writeYaml(here.isLatest ? here.live : here.latest),
    wanted: isSame ? null : writeYaml(document),
  };
}

/** Whether it would wait for approval; rules that cannot be read let nothing go live, which is told as a problem. */
async function demandOf(tx: Tx, ctx: Ctx, document: PipelineDocument, here: Here | null) {
  const live = here?.live as PipelineDocument | null | undefined;
  const labels = [document.metadata.labels, ...(live ? [live.metadata.labels] : [])];
  try {
    return { needsApproval: (await demandedOf(tx, ctx, labels)).length > 0, problems: [] };
  } catch (error) {
    if (!(error instanceof ServiceError && error.code === 'APPROVAL_SETTINGS_INVALID')) throw error;
    const problem: Problem = { pointer: '', code: 'approval_rules', severity: 'error', message: error.message };
    return { needsApproval: true, problems: [problem] };
  }
}

const invalid = (name: string | null, problems: Problem[]) => ({
  needsApproval: false,
  ...{ name, state: 'invalid' as const, action: 'none' as const, problems },
  ...{ baseVersion: null, liveVersion: null, here: null, wanted: null },
});

/** The second would undo the first. */
const repeated = (name: string): Problem => ({
  ...{ pointer: '/metadata/name', code: 'repeated', severity: 'error' },
  message: `"${name}" is described more than once; keep one of the documents`,
});
