import type postgres from 'postgres';
import type { NodeWarning } from '#db/schema/index.ts';
import type { Plan, PlanNode, RunContext, Statement } from '#server/compiler/index.ts';
import type { RunControl } from './run-control.ts';
import { NodeFailure, RunFailure } from './run-failure.ts';
import { countRowsIn, moveProgress, type NodeOutcome } from './run-nodes.ts';
import { requireStaged, type StagedInput } from './staging.ts';

/**
 * Runs the plan's statements, node by node, on a connection that is the tenant's role inside the run's
 * transaction. `outcomes` fills as it goes, so that a failure leaves what is known.
 * @throws NodeFailure naming the node; RunStopped between two statements.
 */
export async function executePlan(
  connection: postgres.TransactionSql,
  plan: Plan,
  run: RunContext,
  state: { outcomes: NodeOutcome[]; staged: readonly StagedInput[]; control: RunControl },
): Promise<void> {
  const staged = new Map(state.staged.map((input) => [input.nodeId, input]));
  for (const [i, node] of plan.nodes.entries()) {
    const outcome = state.outcomes[i];
    if (!outcome) throw new Error(`node ${node.id} has no outcome`);
    moveProgress(state.control.progress, { nodeId: node.id, nodesDone: i, nodesTotal: plan.nodes.length });
    const input = staged.get(node.id);
    await executeNode(connection, node, run, { outcome, input, control: state.control });
    countRowsIn(node, outcome, state.outcomes, input);
  }
  moveProgress(state.control.progress, { nodeId: null, nodesDone: plan.nodes.length, nodesTotal: plan.nodes.length });
  await readWarnings(connection, state.outcomes);
}

async function executeNode(
  connection: postgres.TransactionSql,
  node: PlanNode,
  run: RunContext,
  { outcome, input, control }: { outcome: NodeOutcome; input: StagedInput | undefined; control: RunControl },
): Promise<void> {
  const statements = node.statements(run);
  outcome.sql = statements.map((statement) => statement.sql).join(';\n\n');
  outcome.status = 'running';
  const startedMs = performance.now();
  try {
    for (const statement of statements) {
      control.check();
      await executeStatement(connection, statement, outcome);
    }
    if (input) requireStaged('rows', outcome.rowsOut + outcome.rowsRejected, input.rows);
    outcome.status = 'succeeded';
  } catch (error) {
    outcome.status = 'failed';
    // A stop is nobody's fault, least of all the node's.
    control.check();
    throw new NodeFailure(node.id, error);
  } finally {
    outcome.durationMs = Math.round((performance.now() - startedMs) * 100) / 100;
  }
}

async function executeStatement(
  connection: postgres.TransactionSql,
  statement: Statement,
  outcome: NodeOutcome,
): Promise<void> {
  const result = await connection.unsafe<Record<string, unknown>[]>(statement.sql);
  if (statement.purpose === 'stage' || statement.purpose === 'load') outcome.rowsOut = result.count;
  if (statement.purpose === 'reject') outcome.rowsRejected += result.count;
  if (statement.purpose === 'check') {
    const [row] = result;
    if (Number(row?.failures ?? 0) > 0)
      throw new RunFailure(statement.rule === 'empty_input' ? 'EMPTY_INPUT' : 'CHECK_FAILED', String(row?.message));
  }
}

async function readWarnings(connection: postgres.TransactionSql, outcomes: readonly NodeOutcome[]): Promise<void> {
  const rows = await connection.unsafe<(NodeWarning & { nodeId: string })[]>(
    'SELECT node_id AS "nodeId", rule, message, row_count::float8 AS "rowCount" FROM pg_temp.ms_warnings',
  );
  for (const { nodeId, ...warning } of rows)
    outcomes.find((outcome) => outcome.nodeId === nodeId)?.warnings.push(warning);
}
