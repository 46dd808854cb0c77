import type { PipelineNode } from '#server/ir/index.ts';

/** Every expression of a node, with its place below the node. */
export function expressionsOf(node: PipelineNode): { path: string; text: string }[] {
  switch (node.kind) {
    case 'filter':
      return [{ path: '/config/where', text: node.config.where }];
    case 'derive':
      return node.config.columns.map(({ expression }, i) => ({
        path: `/config/columns/${i}/expression`,
        text: expression,
      }));
    case 'aggregate':
      return node.config.aggregates.flatMap(({ expression }, i) =>
        expression === undefined ? [] : [{ path: `/config/aggregates/${i}/expression`, text: expression }],
      );
    case 'dedupe':
      return node.config.orderBy.map(({ expression }, i) => ({
        path: `/config/orderBy/${i}/expression`,
        text: expression,
      }));
    case 'sort':
      return node.config.by.map(({ expression }, i) => ({ path: `/config/by/${i}/expression`, text: expression }));
    case 'branch':
      return node.config.conditions.map(({ when }, i) => ({ path: `/config/conditions/${i}/when`, text: when }));
    case 'validate':
      return node.config.rules.flatMap((rule, i) =>
        rule.rule === 'expression' ? [{ path: `/config/rules/${i}/expression`, text: rule.expression }] : [],
      );
    case 'target':
      return node.config.type === 'outbox' ? [{ path: '/config/key', text: node.config.key }] : [];
    default:
      return [];
  }
}
