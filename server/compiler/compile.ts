import {
  checkExpression,
  orderNodes,
  type PipelineDocument,
  type PipelineNode,
  type Problem,
  validateStructure,
} from '#server/ir/index.ts';
import type { Catalogue, Describe } from './catalogue.ts';
import { emitNode } from './emit-node.ts';
import { expressionsOf } from './expressions-of.ts';
import { type Emitted, fail } from './node-context.ts';
import type { Compiled, PlanNode } from './plan.ts';
import { quoteLiteral } from './quote.ts';
import { orderedNodes } from './row-order.ts';
import { MAX_COLUMNS, stageName } from './work-tables.ts';

type Environment = { catalogue: Catalogue; describe: Describe };

/**
 * Compiles a parsed document to SQL, or says everything that is wrong with it. Nothing is executed: the tables are in
 * `catalogue`, and types are asked of PostgreSQL through `describe`. A node behind a broken one is still checked as far
 * as possible without knowing its columns.
 */
export async function compilePipeline(doc: PipelineDocument, environment: Environment): Promise<Compiled> {
  const problems = validateStructure(doc);
  await checkDefaults(doc, environment, problems);
  const isOrdered = orderedNodes(doc.nodes);
  const built = new Map<string, PlanNode>();
  const { ordered, cyclic } = orderNodes(doc.nodes);
  for (const node of ordered) {
    const inputs = node.inputs.flatMap((id) => built.get(id) ?? []);
    const pointer = `/nodes/${doc.nodes.indexOf(node)}`;
    const isBlocked = inputs.length < node.inputs.length || hasErrorBelow(problems, pointer);
    const context = {
      pointer,
      inputs,
      parameters: doc.parameters,
      problems,
      isOrdered: isOrdered.has(node.id),
      ...environment,
    };
    const emitted = isBlocked ? await checkBlindly(doc, node, pointer, problems) : await emitNode(node, context);
    const isNew = !built.has(node.id);
    if (emitted && isNew && hasFewColumns(emitted, pointer, problems))
      built.set(node.id, planNode(node, pointer, emitted));
  }
  for (const node of cyclic) await checkBlindly(doc, node, `/nodes/${doc.nodes.indexOf(node)}`, problems);
  problems.sort(byPlace);
  if (problems.some((problem) => problem.severity === 'error')) return { ok: false, problems };
  return { ok: true, problems, plan: { doc, nodes: [...built.values()] } };
}

/** In the order of the document, whatever the order in which PostgreSQL answered. */
function byPlace(x: Problem, y: Problem): number {
  return x.pointer.localeCompare(y.pointer, 'en', { numeric: true }) || (x.position ?? 0) - (y.position ?? 0);
}

function planNode(node: PipelineNode, pointer: string, emitted: Emitted): PlanNode {
  const stage = node.kind === 'target' ? null : stageName(node.id);
  return { id: node.id, kind: node.kind, inputs: node.inputs, pointer, stage, ...emitted };
}

function hasErrorBelow(problems: readonly Problem[], pointer: string): boolean {
  return problems.some(
    ({ severity, pointer: at }) => severity === 'error' && (at === pointer || at.startsWith(`${pointer}/`)),
  );
}

/** Without its inputs a node's expressions are still held against the allow-list. */
async function checkBlindly(
  doc: PipelineDocument,
  node: PipelineNode,
  pointer: string,
  problems: Problem[],
): Promise<null> {
  for (const { path, text } of expressionsOf(node)) {
    const checked = await checkExpression(text, { columns: null, params: Object.keys(doc.parameters) });
    if (checked.ok) continue;
    for (const { code, message, position } of checked.problems)
      fail({ problems }, `${pointer}${path}`, code, message, position);
  }
  return null;
}

function hasFewColumns(emitted: Emitted, pointer: string, problems: Problem[]): boolean {
  if (emitted.columns.length <= MAX_COLUMNS) return true;
  fail(
    { problems },
    pointer,
    'too_many_columns',
    `the node has ${emitted.columns.length} columns; the limit is ${MAX_COLUMNS}`,
  );
  return false;
}

async function checkDefaults(doc: PipelineDocument, environment: Environment, problems: Problem[]): Promise<void> {
  for (const [name, parameter] of Object.entries(doc.parameters)) {
    if (parameter.default === null) continue;
    const described = await environment.describe(
      `SELECT ${quoteLiteral(String(parameter.default))}::${parameter.type} AS c`,
    );
    if (!described.ok) fail({ problems }, `/parameters/${name}/default`, 'invalid_default', described.message);
  }
}
