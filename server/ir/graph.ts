import type { PipelineNode } from './schema.ts';

/**
 * The nodes in an order in which every node stands behind its inputs, in document order where that is free; targets
 * come last, so that nothing reads a table that the same run has already written. Nodes on a cycle, or behind one, are
 * in `cyclic`. Unknown inputs are ignored here: validateStructure reports them.
 */
export function orderNodes(nodes: readonly PipelineNode[]): { ordered: PipelineNode[]; cyclic: PipelineNode[] } {
  const known = new Set(nodes.map((node) => node.id));
  const done = new Set<string>();
  const ordered: PipelineNode[] = [];
  let waiting = [...nodes];
  for (;;) {
    const ready = waiting.filter((node) => node.inputs.every((id) => done.has(id) || !known.has(id)));
    if (ready.length === 0) break;
    // One level at a time, without the targets until nothing else is left to do.
    const level = ready.some((node) => node.kind !== 'target') ? ready.filter((node) => node.kind !== 'target') : ready;
    for (const node of level) {
      ordered.push(node);
      done.add(node.id);
    }
    waiting = waiting.filter((node) => !level.includes(node));
  }
  return { ordered, cyclic: waiting };
}

/** The ids of nodes that some other node takes as an input. */
export function usedIds(nodes: readonly PipelineNode[]): Set<string> {
  return new Set(nodes.flatMap((node) => node.inputs));
}
