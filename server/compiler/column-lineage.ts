import type { ColumnOrigin, Plan } from './plan.ts';

export type ColumnLineage = { nodeId: string; column: string; from: ColumnOrigin[] };

/** For each column of each node, the columns of the step before that its value is computed from. */
export function columnLineage(plan: Plan): ColumnLineage[] {
  return plan.nodes.flatMap((node) =>
    node.columns.map(({ name }) => ({ nodeId: node.id, column: name, from: node.origins.get(name) ?? [] })),
  );
}
