import { orderNodes, usedIds } from './graph.ts';
import type { Problem } from './problem.ts';
import type { NodeKind, PipelineDocument, PipelineNode } from './schema.ts';
import { type Unsupported, unsupportedDocumentParts, unsupportedParts } from './unsupported.ts';
import { validateConfig } from './validate-config.ts';

/** How many inputs each kind takes. */
const INPUT_COUNT: Record<NodeKind, { min: number; max: number }> = {
  source: { min: 0, max: 0 },
  filter: { min: 1, max: 1 },
  derive: { min: 1, max: 1 },
  select: { min: 1, max: 1 },
  dedupe: { min: 1, max: 1 },
  aggregate: { min: 1, max: 1 },
  join: { min: 2, max: 2 },
  union: { min: 2, max: 20 },
  lookup: { min: 1, max: 1 },
  unnest: { min: 1, max: 1 },
  sort: { min: 1, max: 1 },
  branch: { min: 1, max: 1 },
  validate: { min: 1, max: 1 },
  target: { min: 1, max: 1 },
};

/** What can be said about a parsed document without a database: its graph, and settings that contradict each other. */
export function validateStructure(doc: PipelineDocument): Problem[] {
  return [
    ...duplicateIds(doc.nodes),
    ...doc.nodes.flatMap((node, index) => inputProblems(doc.nodes, node, index)),
    ...cycleProblems(doc.nodes),
    ...outputProblems(doc.nodes),
    ...doc.nodes.flatMap((node, index) => notSupported(unsupportedParts(node), `/nodes/${index}`)),
    ...notSupported(unsupportedDocumentParts(doc), ''),
    ...doc.nodes.flatMap((node, index) => validateConfig(node, `/nodes/${index}`, Object.keys(doc.parameters))),
  ];
}

function error(pointer: string, code: string, message: string): Problem {
  return { pointer, code, message, severity: 'error' };
}

function duplicateIds(nodes: PipelineNode[]): Problem[] {
  return nodes.flatMap((node, index) =>
    nodes.findIndex((other) => other.id === node.id) < index
      ? [error(`/nodes/${index}/id`, 'duplicate_id', `the id "${node.id}" is already taken by an earlier node`)]
      : [],
  );
}

function inputProblems(nodes: PipelineNode[], node: PipelineNode, index: number): Problem[] {
  const pointer = `/nodes/${index}/inputs`;
  const { min, max } = INPUT_COUNT[node.kind];
  const problems: Problem[] = [];
  if (node.inputs.length < min || node.inputs.length > max) {
    const wanted = min === max ? `exactly ${min}` : `${min} to ${max}`;
    const message = `a ${node.kind} node takes ${wanted} input${max === 1 ? '' : 's'}, "${node.id}" has ${node.inputs.length}`;
    problems.push(error(pointer, 'input_count', message));
  }
  for (const [i, id] of node.inputs.entries()) {
    const input = nodes.find((other) => other.id === id);
    if (!input) problems.push(error(`${pointer}/${i}`, 'unknown_input', `there is no node "${id}"`));
    else if (input.kind === 'target') {
      problems.push(error(`${pointer}/${i}`, 'target_has_outputs', `"${id}" is a target; nothing can read from it`));
    }
    if (node.inputs.indexOf(id) < i) {
      const message = `"${id}" is named twice; put a select node in between to use it twice`;
      problems.push(error(`${pointer}/${i}`, 'duplicate_input', message));
    }
  }
  return problems;
}

function cycleProblems(nodes: PipelineNode[]): Problem[] {
  const { cyclic } = orderNodes(nodes);
  return cyclic
    .filter((node) => reaches(cyclic, node.id, node.id))
    .map((node) => {
      const message = `"${node.id}" is its own input, directly or through other nodes; remove one of the edges`;
      return error(`/nodes/${nodes.indexOf(node)}/inputs`, 'cycle', message);
    });
}

/** Whether walking up the inputs of `from` comes to `to`. */
function reaches(nodes: PipelineNode[], from: string, to: string): boolean {
  const seen = new Set<string>();
  const queue = nodes.filter((node) => node.id === from).flatMap((node) => node.inputs);
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    if (id === to) return true;
    if (seen.has(id)) continue;
    seen.add(id);
    queue.push(...nodes.filter((node) => node.id === id).flatMap((node) => node.inputs));
  }
  return false;
}

function outputProblems(nodes: PipelineNode[]): Problem[] {
  const used = usedIds(nodes);
  const problems: Problem[] = nodes.flatMap((node, index) =>
    node.kind === 'target' || used.has(node.id)
      ? []
      : [
          {
            pointer: `/nodes/${index}`,
            code: 'leads_nowhere',
            message: `nothing reads "${node.id}"; its rows are computed and thrown away`,
            severity: 'warning' as const,
          },
        ],
  );
  if (!nodes.some((node) => node.kind === 'target')) {
    problems.push(error('/nodes', 'no_target', 'the document has no target node; add one that writes the result'));
  }
  return [...problems, ...sharedTargets(nodes)];
}

function sharedTargets(nodes: PipelineNode[]): Problem[] {
  const tables = nodes.map((node) =>
    node.kind === 'target' && node.config.type === 'table' ? node.config.table : null,
  );
  return tables.flatMap((table, index) =>
    table !== null && tables.indexOf(table) < index
      ? [
          error(
            `/nodes/${index}/config/table`,
            'duplicate_target',
            `another target writes "${table}"; put a union before one target`,
          ),
        ]
      : [],
  );
}

function notSupported(parts: Unsupported[], base: string): Problem[] {
  return parts.map(({ path, what }) =>
    error(`${base}${path}`, 'not_supported_yet', `${what} cannot be run by this version yet`),
  );
}
