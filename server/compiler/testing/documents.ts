import { type PipelineDocument, type Problem, parseDocument } from '#server/ir/index.ts';
import type { Catalogue, Describe } from '../catalogue.ts';
import { compilePipeline } from '../compile.ts';
import type { Plan } from '../plan.ts';

type LooseNode = { id: string; kind: string; inputs?: string[]; config: unknown };

/** A document with the given nodes; throws with the problems where it does not parse. */
export function documentOf(nodes: LooseNode[], more: Record<string, unknown> = {}): PipelineDocument {
  const parsed = parseDocument({ kind: 'pipeline', version: '1.0', metadata: { name: 'test' }, nodes, ...more });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems, null, 2));
  return parsed.doc;
}

/** source `src` on `table` -> the node under test, called `n` -> an append target on a table that does not exist yet. */
export function around(node: { kind: string; config: unknown }, table = 'input'): PipelineDocument {
  return documentOf([
    { id: 'src', kind: 'source', config: { type: 'table', table } },
    { id: 'n', inputs: ['src'], ...node },
    { id: 'out', kind: 'target', inputs: ['n'], config: { type: 'table', table: 'made_by_test', mode: 'append' } },
  ]);
}

/** Compiles, or throws with the problems. */
export async function compileOrThrow(
  doc: PipelineDocument,
  environment: { catalogue: Catalogue; describe: Describe },
): Promise<Plan> {
  const compiled = await compilePipeline(doc, environment);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems, null, 2));
  return compiled.plan;
}

/** The problems of a document that must not compile, as `pointer code` and, where there is one, `@position`. */
export async function problemsOf(
  doc: PipelineDocument,
  environment: { catalogue: Catalogue; describe: Describe },
): Promise<string[]> {
  const { problems } = await compilePipeline(doc, environment);
  return problems.map(shortly);
}

function shortly({ pointer, code, position, severity }: Problem): string {
  return `${severity === 'warning' ? 'warning ' : ''}${pointer} ${code}${position === undefined ? '' : ` @${position}`}`;
}
