import type { PipelineNode } from '#server/ir/index.ts';

/**
 * The nodes whose output must have the same row order in every run, because something behind them depends on it. Only
 * those pay for an ORDER BY, and only where the node could change the order: filter, derive and select keep it anyway.
 */
export function orderedNodes(nodes: readonly PipelineNode[]): Set<string> {
  const ordered = new Set<string>();
  const queue = nodes.filter(dependsOnOrder).flatMap((node) => node.inputs);
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    if (ordered.has(id)) continue;
    ordered.add(id);
    queue.push(...nodes.filter((node) => node.id === id).flatMap((node) => node.inputs));
  }
  return ordered;
}

function dependsOnOrder(node: PipelineNode): boolean {
  switch (node.kind) {
    case 'validate':
      return node.config.rules.some((rule) => rule.rule === 'unique');
    case 'aggregate':
      return node.config.aggregates.some(({ fn }) => fn === 'string_agg' || fn === 'array_agg');
    case 'target':
      // Events of one key are published in the order of their rows.
      return node.config.type === 'outbox' || (node.config.type === 'table' && node.config.mode === 'upsert');
    case 'union':
      return node.config.distinct;
    case 'dedupe':
    case 'sort':
      return true;
    default:
      return false;
  }
}
