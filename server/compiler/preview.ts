import type { Plan, PlanNode, RunContext, StatementPurpose } from './plan.ts';

export type NodePreview = {
  nodeId: string;
  kind: PlanNode['kind'];
  columns: PlanNode['columns'];
  statements: { purpose: StatementPurpose; sql: string }[];
};

/** The compiled SQL of each node with names such as `{run.due_at}` where a run's values will stand. */
export function previewSql(plan: Plan): NodePreview[] {
  const run = placeholderRun(plan);
  return plan.nodes.map((node) => ({
    nodeId: node.id,
    kind: node.kind,
    columns: node.columns,
    statements: node.statements(run).map(({ purpose, sql }) => ({ purpose, sql })),
  }));
}

function placeholderRun(plan: Plan): RunContext {
  const files = plan.nodes.filter((node) => node.fileSource);
  return {
    runId: '{run.id}',
    pipelineId: '{pipeline.id}',
    dueAt: '{run.due_at}',
    intervalStart: '{run.interval_start}',
    intervalEnd: '{run.interval_end}',
    params: Object.fromEntries(Object.keys(plan.doc.parameters).map((name) => [name, `{params.${name}}`])),
    rawTables: Object.fromEntries(files.map((node) => [node.id, { schema: '{stage}', table: `{rows of ${node.id}}` }])),
  };
}
