import { type PipelineDocument, type Problem, parseDocument, writeYaml } from '#server/ir/index.ts';
import { type Tx, withTransaction } from '#server/lib/index.ts';
import { compileDocument } from '#server/pipelines/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { actionOf, findHere, isInSync } from './find-here.ts';
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
  const action = actionOf(here, publish);
  const isSame = here !== null && isInSync(here);
  // What nothing is done to may still not compile, when its tables have changed.
  const { problems } = action === 'none' ? { problems: [] } : await compileDocument(tx, ctx, document);
  const state = here === null ? ('missing' as const) : isSame ? ('in_sync' as const) : ('changed' as const);
  return {
    ...{ name: document.metadata.name, state, action, problems },
    ...{ baseVersion: here?.latestVersion ?? null, liveVersion: here?.liveVersion ?? null },
    here: here === null || isSame ? null : writeYaml(here.isLatest ? here.live : here.latest),
    wanted: isSame ? null : writeYaml(document),
  };
}

const invalid = (name: string | null, problems: Problem[]) => ({
  ...{ name, state: 'invalid' as const, action: 'none' as const, problems },
  ...{ baseVersion: null, liveVersion: null, here: null, wanted: null },
});

/** The second would undo the first. */
const repeated = (name: string): Problem => ({
  ...{ pointer: '/metadata/name', code: 'repeated', severity: 'error' },
  message: `"${name}" is described more than once; keep one of the documents`,
});
